"""Compile every module below argv[1] as if installed at argv[2]; runs in whichever Python the target has."""

import compileall
import py_compile
import sys


def main(tree: str, installed_at: str) -> int:
    """Answer the exit status: 0 if everything compiled."""
    done = compileall.compile_dir(
        tree,
        force=True,
        quiet=1,
        stripdir=tree,
        prependdir=installed_at,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
