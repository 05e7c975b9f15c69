"""buildImage: one layer, with the contents copied to the root and the closure of contents and config below /nix/store.

The closure is what the copy and the config refer to, as Nix would find by scanning them (rows 2.009, 2.017, 2.018): a static
program that refers to nothing makes an image without a store.
"""

from collections.abc import Iterator
from typing import Final

from imagetools.builtin.api import BuiltinContext
from imagetools.formats.store_path import StorePath
from imagetools.image.layering.plan import DEEPEST
from imagetools.image_io.entries import Entry
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_layer import LayerPart, LayerSource, LayerWriter
from imagetools.kernel.bytestr import to_bytes

from .base import Base
from .commands import run_commands
from .copied_tree import CopiedTree
from .found_references import references_of
from .inputs import Inputs
from .mentions import Mentions
from .request import ImageRequest
from .store_entries import StoreFolder
from .store_view import StoreView

#: As nixpkgs leaves them: the root writable for its group, the folders above the store for nobody.
ROOT_MODE: Final = 0o775
FOLDER_MODE: Final = 0o555


def add_single_layer(ctx: BuiltinContext, request: ImageRequest, archive: LayerWriter, base: Base) -> None:
    """Write the base's layers and the one on top. Raises BuiltinError, OSError; BrokenImageError, ArchiveError for the base."""
    base.left_of(DEEPEST, 1)
    base.add_layers(archive)
    inputs = Inputs(ctx)
    view = StoreView(ctx, inputs)
    tree = CopiedTree(view, ctx.log, request.keep_links)
    ctx.log("Adding contents..." if request.contents else "No contents to add to layer.")
    for content in request.contents:
        ctx.log(f"Adding {content}")
        tree.add(content)
    tree.check()
    mentions = Mentions(ctx.store_dir, inputs)
    mentions.look_at(request.config_text)
    database = None
    if request.nix_db:
        from .nix_database import NixDatabase  # noqa: PLC0415  (few images want one, and SQLite costs each start 3 ms)

        database = NixDatabase(ctx, inputs, view, request, base)
        database.add_to(tree, mentions.found)
    made = run_commands(ctx, inputs, request, base, request.stamp, tree.entries(ROOT_MODE, FOLDER_MODE))
    has = tree.has if made is None else made.has
    paths: list[StorePath] = []
    store = StoreFolder(ctx, view, FOLDER_MODE)
    if request.store_paths:
        found = _references(ctx, inputs, view, tree, request.contents) if made is None else made.references()
        if database is not None:
            found |= database.contents
            database.settle(made, mentions.found | found)
        closure = base.without(inputs.closure(mentions.found | found).members)
        paths = [path for path in closure if not has(store.name_of(path))]

    def copied() -> Iterator[Entry]:
        return tree.entries(ROOT_MODE, FOLDER_MODE) if made is None else made.entries()

    def stored() -> Iterator[Entry]:
        if paths:
            yield from (base.kept(entry) for entry in store.entries(paths) if not has(entry.name))

    base.warn_of_changes(copied())
    ctx.log("Packing layer...")
    identity = ["copied", *request.contents, f"keepContentsDirlinks={request.keep_links}", *(str(path) for path in paths)]
    identity += [*request.commands_identity, *(database.identity if database is not None else ()), *base.identity]
    parts = (LayerPart(copied, request.stamp), LayerPart(stored, Stamp(request.stamp.mtime)))
    archive.add_layer(LayerSource("\n".join(identity), parts))


def _references(
    ctx: BuiltinContext, inputs: Inputs, view: StoreView, tree: CopiedTree, contents: tuple[str, ...]
) -> set[StorePath]:
    """What the copied files and links refer to: as recorded where whole objects were copied, else by searching the copy."""
    objects = {path for content in contents if (path := view.object_of(to_bytes(content))) is not None}
    members = inputs.closure(objects).members
    whole = all(ctx.store_dir.join(path) in contents for path in objects)
    if tree.exact and whole and len(objects) == len(set(contents)):
        return {reference for path in objects for reference in members[path].references}
    return references_of(tree.entries(ROOT_MODE, FOLDER_MODE), members)
