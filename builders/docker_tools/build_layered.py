"""buildLayeredImage: layers of store paths, split by layer_choice.py; links in the root come last.

Rows 2.036-2.040. The store paths are what the config mentions and what the links
of the customisation layer lead to, with everything that these refer to.
"""

from collections.abc import Callable, Iterator
from typing import Final

from imagetools.builtin.api import BuiltinContext
from imagetools.formats.store_path import StorePath
from imagetools.image.layering.plan import DEEPEST
from imagetools.image_io.entries import Entry
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_layer import LayerPart, LayerSource, LayerWriter
from imagetools.kernel.bytestr import to_str

from .base import Base, OnLayer
from .commands import run_commands
from .inputs import Inputs
from .known_layers import with_recipe
from .layer_choice import choose_layers
from .linked_tree import LinkedTree
from .mentions import Mentions
from .request import ImageRequest
from .root_tree import Link
from .store_entries import StoreFolder
from .store_view import StoreView

#: As nixpkgs has them in layered images.
FOLDER_MODE: Final = 0o755


def add_layers(
    ctx: BuiltinContext,
    request: ImageRequest,
    archive: LayerWriter,
    base: Base,
    on_layer: OnLayer = lambda sentence, paths: None,
) -> set[StorePath]:
    """Write all layers; the store paths that config and customisation layer refer to, whether they are in the image or not.

    ``on_layer`` hears of each layer before it is written: what the log says, and the store paths that its bytes lie in (full).
    Raises BuiltinError, LayerBudgetError, OSError; BrokenImageError, ArchiveError for the base.
    """
    inputs = Inputs(ctx)
    view = StoreView(ctx, inputs)
    tree = LinkedTree(view, ctx.log)
    base.left_of(DEEPEST if request.pipeline else request.max_layers, 2)
    for content in request.contents:
        tree.add(content)
    if request.max_layers > DEEPEST:
        ctx.log(f"warning: Docker takes at most {DEEPEST} layers, so maxLayers = {request.max_layers} counts as {DEEPEST}")
    config = Mentions(ctx.store_dir, inputs)
    config.look_at(request.config_text)
    database = None
    if request.nix_db:
        from .nix_database import NixDatabase  # noqa: PLC0415  (few images want one, and SQLite costs each start 3 ms)

        database = NixDatabase(ctx, inputs, view, request, base)
    if database is not None:
        database.add_to(tree, config.found)
    links = Stamp(request.stamp.mtime)
    made = run_commands(ctx, inputs, request, base, links, tree.entries(FOLDER_MODE, FOLDER_MODE))
    customisation = _link_targets(ctx, inputs, tree) if made is None else made.references()
    if database is not None:
        customisation |= database.contents
        database.settle(made, config.found | customisation)
    layers: tuple[tuple[StorePath, ...], ...] = ()
    if request.store_paths:
        layers = choose_layers(ctx, request, inputs, base, config.found, customisation)
    store = StoreFolder(ctx, view, FOLDER_MODE)
    root = _root(tree) if made is None else made.entries
    base.warn_of_changes(root())
    base.add_layers(archive, on_layer)
    for number, paths in enumerate(layers, base.depth + 1):
        listed = [ctx.store_dir.join(path) for path in paths]
        sentence = f"Creating layer {number} from paths: {listed}"
        ctx.log(sentence)
        part = LayerPart(_entries(store, paths), request.stamp)
        on_layer(sentence, listed)
        source = LayerSource("\n".join(["store", *listed]), (part,), f"store paths: {listed}")
        archive.add_layer(with_recipe(source, inputs, paths))
    sentence = f"Creating layer {base.depth + len(layers) + 1} with customisation..."
    ctx.log(sentence)
    identity = ["links", *request.contents, *request.commands_identity, *(database.identity if database is not None else ())]
    identity += () if made is None else base.identity
    top = LayerPart(root, links)
    on_layer(sentence, ())
    archive.add_layer(LayerSource("\n".join(identity), (top,), "customisation layer"))
    return config.found | customisation


def _link_targets(ctx: BuiltinContext, inputs: Inputs, tree: LinkedTree) -> set[StorePath]:
    """What the links of the customisation layer lead to."""
    links = Mentions(ctx.store_dir, inputs)
    for _, node in tree.nodes():
        if isinstance(node, Link):
            links.look_at(to_str(node.target))
    return links.found


def _root(tree: LinkedTree) -> Callable[[], Iterator[Entry]]:
    return lambda: tree.entries(FOLDER_MODE, FOLDER_MODE)


def _entries(store: StoreFolder, paths: tuple[StorePath, ...]) -> Callable[[], Iterator[Entry]]:
    return lambda: store.entries(paths)
