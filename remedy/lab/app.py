"""The CDK app itself, with the configuration of the lab: `cdk deploy --app "python -m remedy.lab.app"`.

A scenario needs a person who may approve, or an action that asks first. That is configuration, so the lab changes nothing else:
this is `app.py` of the repository, told to read another directory (configuration.py).
"""

import os
import sys
from functools import partial
from pathlib import Path

import app
from stacks.config import load

CONFIG = "LAB_CONFIG"
"""The environment variable that names the directory."""

if __name__ == "__main__":
    vars(app)["load"] = partial(load, directory=Path(os.environ[CONFIG]))
    sys.exit(app.main())
