"""Which store paths of a layered image lie in one layer: by popularity, or as ``layeringPipeline`` says (row 2.038).

Every path lies in one layer, and none that the base has. Within a layer they are sorted, so that equal layers of different images
are equal whatever led to them (row 2.039).
"""

import json
import os

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.formats.store_path import StorePath
from imagetools.image.layering.path_graph import PathGraph
from imagetools.image.layering.pipeline import Pipeline
from imagetools.image.layering.plan import check_depth, plan_layers
from imagetools.image.layering.popularity import by_popularity
from imagetools.kernel.amounts import amount
from imagetools.kernel.bytestr import display

from .base import Base
from .inputs import Inputs
from .request import ImageRequest

Layers = tuple[tuple[StorePath, ...], ...]


class PipelineFileError(BuiltinError):
    """``layeringPipeline`` is a path, and no pipeline can be read there."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"layeringPipeline: '{display(path)}' {reason}")
        self.path = path


def choose_layers(
    ctx: BuiltinContext, request: ImageRequest, inputs: Inputs, base: Base, config: set[StorePath], customisation: set[StorePath]
) -> Layers:
    """The layers of store paths, from the lowest up, for what config and customisation layer refer to.

    Raises LayerBudgetError, TooDeepError, PipelineStepError, PipelineValueError, PipelineFileError; BaseTooDeepError.
    """
    members = inputs.closure(config | customisation).members
    if not request.pipeline:
        most = base.left_of(request.max_layers, 2)
        references = {path: info.references for path, info in members.items()}
        ordered = base.without(by_popularity([sorted(config), sorted(customisation)], references))
        layers: Layers = plan_layers(ordered, most, {path: info.nar_size for path, info in members.items()})
    else:
        places = {ctx.store_dir.join(path): path for path in members}
        graph = PathGraph.of(
            {place: [ctx.store_dir.join(ref) for ref in members[path].references] for place, path in places.items()},
            {place: members[path].nar_size for place, path in places.items()},
        )
        pipeline = Pipeline(_steps(ctx, request.pipeline), ctx.log if request.debug else None)
        for path in sorted(pipeline.mentioned() - places.keys()):
            ctx.log(f"note: layeringPipeline names {display(path)}, which is not part of the image")
        chosen = [base.without(sorted(places[place] for place in layer.paths)) for layer in pipeline.layers(graph)]
        layers = tuple(tuple(paths) for paths in chosen if paths)
        check_depth(base.depth, len(layers))
    if request.debug:
        for number, paths in enumerate(layers, base.depth + 1):
            size = amount(sum(members[path].nar_size for path in paths))
            ctx.log(f"layering: layer {number}: {len(paths)} path{'' if len(paths) == 1 else 's'}, {size}")
    return layers


def _steps(ctx: BuiltinContext, text: str) -> object:
    """The pipeline itself, or what the file has that it names."""
    steps: object = json.loads(text)
    if not isinstance(steps, str):
        return steps
    try:
        with open(os.fsencode(ctx.real_path(steps)), "rb") as file:
            found: object = json.load(file)
    except OSError as error:
        raise PipelineFileError(steps, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise PipelineFileError(steps, "is not JSON") from None
    return found
