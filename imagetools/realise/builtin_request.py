"""The file that tells a builtin builder's process what to do: JSON, written into its build folder. Both directions live here.

The derivation's environment travels in this file and not in the process's own, so that no variable of a derivation reaches the
interpreter or its loader. Texts are bytestrs, which JSON carries as they are.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from imagetools.formats.closure import Closure
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.hashes import Hash

if TYPE_CHECKING:  # the builder's process reads alone: what only the writer needs would be a quarter of its start
    from imagetools.realise.plan import Step
    from imagetools.realise.settings import RealiseSettings
    from imagetools.sandbox.ports import Sandbox
    from imagetools.store.ports import Store

FILE: Final = ".builtin.json"
ATTRIBUTES: Final = ".attrs.json"
NETRC: Final = ".builtin.netrc"
LOGIN: Final = ".builtin.login"


class Request(NamedTuple):
    """What the process reads, all bytestrs. ``store_prefix`` is where the store lies for it; ``closure`` are all inputs;
    ``kept`` and ``ledger``: see BuiltinContext.
    """

    name: str
    env: Mapping[str, str]
    outputs: Mapping[str, str]
    logical_outputs: Mapping[str, str]
    store_dir: StoreDir
    store_prefix: str
    folder: str
    network: bool
    ca_file: str | None
    closure: Closure
    kept: str = ""
    ledger: str = ""


def files(
    step: "Step",
    store: "Store",
    sandbox: "Sandbox",
    settings: "RealiseSettings",
    closure: Closure,
    env: Mapping[str, str],
    logical: Mapping[str, str],
    scratch: str,
    passed_as_file: Sequence[str],
    ledger: str,
) -> dict[str, bytes]:
    """Files for the build folder: the request, and netrc where there is one."""
    from imagetools.realise.environment import Placeholders  # noqa: PLC0415  (only the writer needs them, see above)
    from imagetools.sandbox.ports import KEPT  # noqa: PLC0415

    store_dir = store.store_dir
    folder = host_path(sandbox.output_folder(store_dir.path, scratch))
    replace = Placeholders(logical).replace
    seen = dict(env)
    for name in passed_as_file:
        if name in step.derivation.env:
            seen[name] = replace(step.derivation.env[name])
    network = step.derivation.is_fixed
    request = Request(
        name=step.derivation.builder.removeprefix("builtin:"),
        env=seen,
        outputs={name: f"{folder}/{path.base_name}" for name, path in step.outputs.items()},
        logical_outputs=logical,
        store_dir=store_dir,
        store_prefix=store_dir.path if sandbox.isolates else host_path(os.path.dirname(store.real_path(step.drv))),
        folder=host_path(sandbox.build_folder(scratch)),
        network=network,
        ca_file=host_path(os.path.realpath(settings.ca_file)) if network and settings.ca_file is not None else None,
        closure=closure,
        kept=f"{folder if network else host_path(sandbox.build_folder(scratch))}/{KEPT}",
        ledger=host_path(ledger),
    )
    found = {FILE: write(request)}
    if network and settings.netrc is not None:
        found[NETRC] = settings.netrc
    return found


def process_environment(folder: str) -> dict[str, str]:
    """The process's own environment."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
    }


def write(request: Request) -> bytes:
    return json.dumps(
        {
            "name": request.name,
            "env": dict(request.env),
            "outputs": dict(request.outputs),
            "logical_outputs": dict(request.logical_outputs),
            "store_dir": request.store_dir.path,
            "store_prefix": request.store_prefix,
            "folder": request.folder,
            "network": request.network,
            "ca_file": request.ca_file,
            "kept": request.kept,
            "ledger": request.ledger,
            "roots": [path.base_name for path in request.closure.roots],
            "members": [_info(info) for info in request.closure.members.values()],
        }
    ).encode()


def read(data: bytes) -> Request:
    """The inverse of ``write``."""
    found: dict[str, Any] = json.loads(data)
    infos = [_parse_info(item) for item in found["members"]]
    return Request(
        name=found["name"],
        env=found["env"],
        outputs=found["outputs"],
        logical_outputs=found["logical_outputs"],
        store_dir=StoreDir(found["store_dir"]),
        store_prefix=found["store_prefix"],
        folder=found["folder"],
        network=found["network"],
        ca_file=found["ca_file"],
        closure=Closure([StorePath.parse(name) for name in found["roots"]], {info.path: info for info in infos}),
        kept=found["kept"],
        ledger=found["ledger"],
    )


def _info(info: PathInfo) -> list[Any]:
    return [
        info.path.base_name,
        info.nar_hash.nix(),
        info.nar_size,
        [path.base_name for path in info.references],
        None if info.deriver is None else info.deriver.base_name,
        list(info.signatures),
        None if info.content_address is None else str(info.content_address),
        info.registered_at,
        info.ultimate,
    ]


def _parse_info(item: list[Any]) -> PathInfo:
    path, nar_hash, size, references, deriver, signatures, address, registered_at, ultimate = item
    return PathInfo(
        StorePath.parse(path),
        Hash.parse(nar_hash),
        size,
        tuple(StorePath.parse(name) for name in references),
        None if deriver is None else StorePath.parse(deriver),
        tuple(signatures),
        None if address is None else ContentAddress.parse(address),
        registered_at,
        ultimate,
    )


def host_path(path: str) -> str:
    """A host path as a bytestr."""
    return to_str(os.fsencode(path))
