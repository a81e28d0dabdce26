"""What is said of a layer."""

from typing import get_args

import pytest

from remediation.core.probed import Layer, Step
from remediation.core.redact import redact


@pytest.mark.parametrize("layer", get_args(Layer))
def test_what_is_said_of_a_layer_is_not_taken_for_a_secret(layer: Layer) -> None:
    step = Step(layer=layer, because="The connection string can be read.")
    said = f"{step.label}: {step.because}"
    assert redact(said) == said
