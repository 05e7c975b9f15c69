"""What can be wrong with a layering pipeline: what it says, or what a step is given."""

from ...kernel.errors import ImagetoolsError


class PipelineStepError(ImagetoolsError):
    """A step cannot mean anything. ``where`` names it, counted from 1 ("step 2 (over)")."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"layeringPipeline: {where + ': ' if where else ''}{reason}")
        self.where = where
        self.reason = reason


class PipelineValueError(ImagetoolsError):
    """A step at ``where`` wants one thing and gets another one."""

    def __init__(self, where: str, wanted: str, got: str, hint: str) -> None:
        super().__init__(f"layeringPipeline: {where}: it wants {wanted}, but here is {got}", hint or None)
        self.where = where
        self.wanted = wanted
        self.got = got
