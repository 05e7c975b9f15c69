"""How much an evaluation did, by the names that Nix prints with NIX_SHOW_STATS.

Only numbers, and how they become Nix's JSON. Whoever counts is made for counting (``nodes/counted.py``): what nobody asked for
costs nothing. What Nix counts and we have not (values as objects of their own, bytes of environments, a symbol table) has no key.
"""

from imagetools.lang.runtime.positions import Pos

Json = dict[str, object]


class Called:
    """A function of the program and how often it was called."""

    def __init__(self, name: str | None, pos: Pos) -> None:
        self.name = name
        self.pos = pos
        self.calls: int = 0


class Statistics:
    """The counts. ``detailed``: also how often each builtin and function was called and each attribute selected, as
    NIX_COUNT_CALLS asks for."""

    def __init__(self, detailed: bool = False) -> None:
        self.detailed = detailed
        self.envs: int = 0
        self.env_elements: int = 0
        self.list_elements: int = 0
        self.list_concats: int = 0
        self.sets: int = 0
        self.set_elements: int = 0
        self.updates: int = 0
        self.update_values: int = 0
        self.thunks: int = 0
        self.avoided: int = 0
        self.lookups: int = 0
        self.builtin_calls: int = 0
        self.function_calls: int = 0
        self.builtins: dict[str, int] = {}
        self.functions: list[Called] = []
        self.attributes: dict[tuple[str, int], int] = {}
        self.places: dict[tuple[str, int], Pos] = {}

    def env(self, elements: int) -> None:
        """A frame of variables was made."""
        self.envs += 1
        self.env_elements += elements

    def set(self, elements: int) -> None:
        """A set was made; Nix does not count empty ones."""
        if elements:
            self.sets += 1
            self.set_elements += elements

    def builtin(self, name: str) -> None:
        """A builtin was called with all its arguments."""
        self.builtin_calls += 1
        if self.detailed:
            self.builtins[name] = self.builtins.get(name, 0) + 1

    def attribute(self, pos: Pos | None) -> None:
        """An attribute written at ``pos`` was found (only where ``detailed``)."""
        key = ("", -1) if pos is None else (pos.source.file, pos.offset)
        self.attributes[key] = self.attributes.get(key, 0) + 1
        if pos is not None:
            self.places[key] = pos

    def report(self, cpu_time: float) -> Json:
        """What is printed; ``cpu_time`` in seconds."""
        result: Json = {
            "cpuTime": cpu_time,
            "envs": {"number": self.envs, "elements": self.env_elements},
            "list": {"elements": self.list_elements, "concats": self.list_concats},
            "sets": {"number": self.sets, "elements": self.set_elements},
            "nrOpUpdates": self.updates,
            "nrOpUpdateValuesCopied": self.update_values,
            "nrThunks": self.thunks,
            "nrAvoided": self.avoided,
            "nrLookups": self.lookups,
            "nrPrimOpCalls": self.builtin_calls,
            "nrFunctionCalls": self.function_calls,
        }
        if self.detailed:
            result["primops"] = {name: self.builtins[name] for name in sorted(self.builtins)}
            result["functions"] = self.called_functions()
            result["attributes"] = self.selected_attributes()
        return result

    def called_functions(self) -> list[Json]:
        """Most calls first."""
        calls: dict[tuple[str, int], int] = {}
        known: dict[tuple[str, int], Called] = {}
        for function in self.functions:
            if function.calls:
                key = (function.pos.source.file, function.pos.offset)
                calls[key] = calls.get(key, 0) + function.calls
                known[key] = function
        found: list[Json] = []
        for count, key in sorted([(-count, key) for key, count in calls.items()]):
            function = known[key]
            found.append({"name": function.name, **place(function.pos), "count": -count})
        return found

    def selected_attributes(self) -> list[Json]:
        """Most found first; those that are written nowhere (made by builtins) are one entry without a place."""
        found: list[Json] = []
        for count, key in sorted([(-count, key) for key, count in list(self.attributes.items())]):
            pos = self.places.get(key)
            found.append({**({} if pos is None else place(pos)), "count": -count})
        return found


def place(pos: Pos) -> Json:
    """File, line and column."""
    file, line, column = pos.resolve()
    return {"file": file, "line": line, "column": column}
