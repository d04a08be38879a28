"""The model artefact: a file `xgboost-model` that plain xgboost opens (`Booster().load_model`).

It is written as UBJSON, xgboost's own portable format. Read is also what SageMaker's images of all ages wrote: JSON,
and pickled boosters, of which nothing but the booster itself is unpickled.
"""

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import xgboost

from clary.ml.errors import ClientError

FILE = "xgboost-model"

PICKLED = b"\x80"
"""How every pickle of protocol 2 and later starts."""


def _encode(text: str, encoding: str) -> bytes:
    """Return the bytes that pickles of protocol 2 hold as text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it encodes text as {encoding}, expected a pickled xgboost.core.Booster")
    return text.encode("latin-1")


ALLOWED: Mapping[tuple[str, str], Callable[..., object]] = {
    ("xgboost.core", "Booster"): xgboost.Booster,
    ("_codecs", "encode"): _encode,
    ("builtins", "bytearray"): bytearray,
    ("__builtin__", "bytearray"): bytearray,
}


def save_booster(booster: xgboost.Booster, path: Path) -> None:
    """Write the booster, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(booster.save_raw("ubj"))
    partial.replace(path)


def load_booster(path: Path) -> xgboost.Booster:
    """Read a booster in any format.

    Raises:
        ClientError: the file holds none.
    """
    content = path.read_bytes()
    if not content:
        raise ClientError(f"Model at {path} cannot be loaded: the file is empty")  # it would abort the process
    try:
        if content.startswith(PICKLED):
            return _Unpickler(io.BytesIO(content)).load_booster()
        booster = xgboost.Booster()
        booster.load_model(bytearray(content))
    except (xgboost.core.XGBoostError, pickle.UnpicklingError, ValueError, EOFError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClientError(f"Model at {path} cannot be loaded: {reason}") from None
    return booster


def load_boosters(folder: Path) -> Sequence[xgboost.Booster]:
    """Read every model of a folder, in the order of the names: cross-validation leaves one for each fold.

    Raises:
        ClientError: there is none, or one cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    models = [path for path in files if path.name.startswith(FILE)] or files
    if not models:
        raise ClientError(f"No model found: {folder} is empty, expected a file {FILE}.")
    return [load_booster(path) for path in models]


class _Unpickler(pickle.Unpickler):
    """Builds a Booster and nothing else: a pickle could otherwise run any code."""

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, expected a pickled xgboost.core.Booster")
        return ALLOWED[module, name]

    def load_booster(self) -> xgboost.Booster:
        booster = self.load()
        if not isinstance(booster, xgboost.Booster):
            raise pickle.UnpicklingError(f"it holds {type(booster).__name__}, expected an xgboost.core.Booster")
        return booster
