"""Where everything of one store lies on disk. Only names are made here; nothing is read or written.

The layout is Nix's chroot store (DESIGN: ``nix-store --store 'local?root=R'`` opens it): objects under ``R/nix/store``, state
under ``R/nix/var/nix``, logs under ``R/nix/var/log/nix``. Nix quirk: it refuses a store with a symlink among its parents, so
the root is resolved once, here.
"""

import os

from imagetools.formats.store_path import StoreDir, StorePath

SCHEMA_VERSION = 10
"""Version of the database that Nix 2.x reads and writes."""


class Layout:
    """The physical paths of the store at ``root``; objects of the logical directory ``store_dir``."""

    def __init__(self, root: str, store_dir: StoreDir) -> None:
        self.root = os.path.realpath(root)
        self.store_dir = store_dir
        base = "" if self.root == "/" else self.root
        self.store = base + store_dir.path
        self.links = self.store + "/.links"
        self.state = base + "/nix/var/nix"
        self.db_dir = self.state + "/db"
        self.db = self.db_dir + "/db.sqlite"
        self.schema = self.db_dir + "/schema"
        self.reserved = self.db_dir + "/reserved"
        self.big_lock = self.db_dir + "/big-lock"
        self.gc_lock = self.state + "/gc.lock"
        self.gc_socket = self.state + "/gc-socket/socket"
        self.temp_roots = self.state + "/temproots"
        self.gc_roots = self.state + "/gcroots"
        self.auto_roots = self.gc_roots + "/auto"
        self.logical_roots = self.gc_roots + "/imagetools"
        self.profiles = self.state + "/profiles"
        self.logs = base + "/nix/var/log/nix/drvs"

    def folders(self) -> tuple[str, ...]:
        """All that must exist before the first write, parents first."""
        return (self.store, self.links, self.db_dir, self.temp_roots, self.auto_roots, self.logical_roots, self.profiles)

    def real_path(self, path: StorePath) -> str:
        return f"{self.store}/{path.base_name}"

    def lock_path(self, path: StorePath) -> str:
        return f"{self.store}/{path.base_name}.lock"

    def log_path(self, drv: StorePath) -> str:
        """Without ``.bz2``: ``drvs/XX/rest`` (row 4.028)."""
        name = drv.base_name
        return f"{self.logs}/{name[:2]}/{name[2:]}"
