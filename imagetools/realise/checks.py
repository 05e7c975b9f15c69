"""May this derivation be built here, as it is? Pure. What is not supported yet is refused by name instead of being ignored.

Rows 4.001, 4.035-4.038, 4.048-4.053: system, features, checks of outputs, structured attributes, ``__noChroot``.
"""

from collections.abc import Iterable

from imagetools.formats.derivation import Derivation
from imagetools.formats.drv_options import DerivationOptions
from imagetools.realise.failures import ImpurePathError, NoChrootError, NoSuchBuiltinError, WrongSystemError
from imagetools.realise.plan import BUILTIN, is_builtin
from imagetools.realise.settings import RealiseSettings

ALSO_BUILDS = {"x86_64-linux": ("i686-linux",)}


def check(
    drv: str,
    derivation: Derivation,
    options: DerivationOptions,
    settings: RealiseSettings,
    builtins: Iterable[str],
    *,
    sandboxed: bool = True,
) -> None:
    """Raises WrongSystemError, NoSuchBuiltinError, NoChrootError, ImpurePathError."""
    builtin = is_builtin(derivation)
    systems = (settings.system, *ALSO_BUILDS.get(settings.system, ()), *settings.extra_systems)
    features = options.required_features
    if (not builtin and derivation.system not in systems) or not set(features) <= set(settings.features):
        raise WrongSystemError(drv, derivation.system, features, settings.system, settings.features)
    if builtin:
        name = derivation.builder[len(BUILTIN) :]
        if name not in builtins:
            raise NoSuchBuiltinError(drv, name, builtins)
    if options.no_chroot and sandboxed and not settings.relaxed:
        raise NoChrootError(drv)
    if options.impure_host_paths:
        raise ImpurePathError(drv, options.impure_host_paths[0])
