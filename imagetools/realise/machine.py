"""What this machine can do that derivations may require (row 4.052). Looks at the machine and at nothing else.

Nix's shape: three features that only steer where builds go, and ``kvm`` where the device may be used.
"""

import os
from typing import Final

from imagetools.realise.settings import NIX_FEATURES

KVM: Final = "/dev/kvm"


def features() -> tuple[str, ...]:
    """The features of this machine, sorted."""
    return tuple(sorted((*NIX_FEATURES, *(["kvm"] if os.access(KVM, os.R_OK | os.W_OK) else []))))
