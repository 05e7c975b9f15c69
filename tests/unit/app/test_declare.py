"""Options that several commands share are one parameter of each."""

from typing import Annotated

from imagetools.app.cli import quick
from imagetools.app.cli.declare import DEBUG, Argument, Call, Command, Option, Options, parameters


class Paint(Options):
    """A group."""

    colour: Annotated[str, Option("--colour", help="Which.")] = "red"
    coats: Annotated[int | None, Option("-c", "--coats", help="How many.")] = None
    glossy: Annotated[bool, Option("--glossy", help="It shines.")] = False

    def told(self) -> str:
        return f"{self.coats} x {self.colour}{' glossy' if self.glossy else ''}"


class Varnish(Paint, without=("colour", "coats")):
    """Less, and more."""

    thin: Annotated[bool, Option("--thin", help="With oil.")] = False


SAID: list[str] = []


def paint(
    what: Annotated[str, Argument(metavar="WHAT", help="What.")],
    first: Annotated[bool, Option("--first", help="First.")] = False,
    *,
    paint: Paint,
    varnish_after: Annotated[int, Option("--after", help="Hours.")] = 3,
    last: Annotated[bool, Option("--last", help="Last.")],
) -> int:
    SAID.append(f"{what} {first} {paint.told()} {varnish_after} {last}")
    return 7


def varnish(*, varnish: Varnish) -> None:
    SAID.append(f"{varnish.told()} {varnish.thin}")


def names(command: Command) -> list[str]:
    return [parameter.name for parameter in parameters(command.function)]


PAINT = Command("paint", paint)
VARNISH = Command("varnish", varnish)


def test_fields_are_parameters_in_the_place_of_their_group() -> None:
    assert names(PAINT) == ["what", "first", "colour", "coats", "glossy", "varnish_after", "last", "debug"]
    found = {parameter.name: parameter for parameter in parameters(paint)}
    assert [name for name, parameter in found.items() if parameter.required] == ["what", "last"]
    assert {name: found[name].default for name in ("first", "colour", "coats", "varnish_after")} == {
        "first": False,
        "colour": "red",
        "coats": None,
        "varnish_after": 3,
    }


def test_a_group_goes_on_from_another_and_leaves_options_out() -> None:
    assert names(VARNISH) == ["glossy", "thin", "debug"]
    assert [parameter.name for parameter in Paint.declared] == ["colour", "coats", "glossy"]


def test_what_is_left_out_has_its_default() -> None:
    SAID.clear()
    call = quick.parse(["--thin"], VARNISH)
    assert call is not None and call() == 0
    assert Varnish().told() == "None x red"
    assert SAID == ["None x red True"]
    assert quick.parse(["--colour", "blue"], VARNISH) is None


def test_a_command_gets_its_groups_as_one() -> None:
    SAID.clear()
    call = quick.parse(["door", "--glossy", "--colour", "blue", "-c2", "--last", "--debug"], PAINT)
    assert call is not None and call() == 7
    assert SAID == ["door False 2 x blue glossy 3 True"]
    assert set(call.arguments()) == {"what", "first", "paint", "varnish_after", "last"}


def test_no_command_sees_what_all_take() -> None:
    assert Call(lambda: None, {DEBUG.name: True}).arguments() == {}


def test_a_group_is_made_by_hand_as_well() -> None:
    assert Paint(colour="green", coats=1).told() == "1 x green"
