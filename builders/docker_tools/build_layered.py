"""buildLayeredImage: popular store paths get layers of their own, the rest share one, links in the root come last.

Rows 2.036-2.040; layers and their order as nixpkgs splits them. The store paths are what the config mentions and what the links
of the customisation layer lead to, with everything that these refer to.
"""

from collections.abc import Callable, Iterator
from typing import Final

from imagetools.builtin.api import BuiltinContext
from imagetools.formats.store_path import StorePath
from imagetools.image.layering.plan import DEEPEST, plan_layers
from imagetools.image.layering.popularity import by_popularity
from imagetools.image_io.docker_archive import DockerArchiveWriter
from imagetools.image_io.entries import Entry
from imagetools.image_io.tar_header import Stamp
from imagetools.image_io.tar_layer import LayerPart, LayerSource
from imagetools.kernel.bytestr import to_str

from .inputs import Inputs
from .linked_tree import LinkedTree
from .mentions import Mentions
from .request import ImageRequest
from .root_tree import Link
from .store_entries import StoreFolder
from .store_view import StoreView

#: As nixpkgs has them in layered images.
FOLDER_MODE: Final = 0o755


def add_layers(ctx: BuiltinContext, request: ImageRequest, archive: DockerArchiveWriter) -> None:
    """Write all layers. Raises BuiltinError, LayerBudgetError, OSError."""
    inputs = Inputs(ctx)
    view = StoreView(ctx, inputs)
    tree = LinkedTree(view, ctx.log)
    for content in request.contents:
        tree.add(content)
    if request.max_layers > DEEPEST:
        ctx.log(f"warning: Docker takes at most {DEEPEST} layers, so maxLayers = {request.max_layers} counts as {DEEPEST}")
    layers = plan_layers(_ordered(ctx, inputs, request, tree) if request.store_paths else [], request.max_layers)
    store = StoreFolder(ctx, view, FOLDER_MODE)
    for number, paths in enumerate(layers, 1):
        listed = [ctx.store_dir.join(path) for path in paths]
        ctx.log(f"Creating layer {number} from paths: {listed}")
        part = LayerPart(_entries(store, paths), request.stamp)
        archive.add_layer(LayerSource("\n".join(["store", *listed]), (part,), f"store paths: {listed}"))
    ctx.log(f"Creating layer {len(layers) + 1} with customisation...")
    links = LayerPart(lambda: tree.entries(FOLDER_MODE, FOLDER_MODE), Stamp(request.stamp.mtime))
    archive.add_layer(LayerSource("\n".join(["links", *request.contents]), (links,), "customisation layer"))


def _ordered(ctx: BuiltinContext, inputs: Inputs, request: ImageRequest, tree: LinkedTree) -> list[StorePath]:
    """All store paths of the image, the most popular first."""
    config = Mentions(ctx.store_dir, inputs)
    config.look_at(request.config_text)
    links = Mentions(ctx.store_dir, inputs)
    for _, node in tree.nodes():
        if isinstance(node, Link):
            links.look_at(to_str(node.target))
    closure = inputs.closure(config.found | links.found)
    references = {path: info.references for path, info in closure.members.items()}
    return by_popularity([sorted(config.found), sorted(links.found)], references)


def _entries(store: StoreFolder, paths: tuple[StorePath, ...]) -> Callable[[], Iterator[Entry]]:
    return lambda: store.entries(paths)
