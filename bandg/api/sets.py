"""The public function `load_set`."""

from __future__ import annotations

import os
from typing import Any

from bandg.base.arguments import strict, wrong
from bandg.models import base as models
from bandg.parameters.loader import model_of


@strict
def load_set(name_or_path: str | os.PathLike[str]) -> Any:
    """A parameter set, checked and complete.

    Parameters
    ----------
    name_or_path : str or path
        A shipped set by its name, or the file at a path (it ends in .toml or contains a separator).

    Returns
    -------
    ParameterSet, KpSet, or the set of another model
        All numbers with their unit, source and status. The file says to which model it belongs.

    Raises
    ------
    BandgError
        For any error in the file or its base: one line that starts with the file name.

    Examples
    --------
    >>> import bandg
    >>> bandg.load_set("nestoklon2023-standin").a_nm
    0.6289
    >>> bandg.load_set("kirstein2022").values["E_g"]
    1.652
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise wrong("name_or_path", "the name of a set or a path", name_or_path)
    model = model_of(name_or_path)
    return models.find(model if model in models.available() else "etb").load(name_or_path)
