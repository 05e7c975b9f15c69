"""What a syntax error says."""


def describe(kinds: list[int]) -> str:
    return "syntax error"
