"""Error sentences for templates. Loaded only after a mistake.

No sentence quotes a template, because it may contain a secret: it names the character at which the mistake is.
"""

from ... import mistakes
from ...errors import EnrollError, entry

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_WORDS = const("""
text wants text: correct it
base64 wants base64: correct it
} has a } without a {: remove it, as no template sends a brace
{ has a { without a }: close it
{{ has a { inside braces: remove it, or close the braces before it
, has a comma outside a function: put each name into braces of its own
( has a ( without a ): close it
) has a ) without a (: remove it
nothing has no name between two marks: put one there
unknown has an unknown name: name it in `values`, `secrets` or an earlier `take`
body has an unknown name: use `body` in `headers` and `path` of a step
id has an unknown name: use `id` in `refresh` and in the `headers` of later requests
secret has an unknown name: use `secret` in `refresh` and in the `headers` of later requests
function has an unknown function before the (: use one of
deep has more than 3 functions in each other: name the inner one in `values`
arguments has a function with too few or too many arguments: give
behind has text behind a ): put a comma or a brace there""")


def _key(where: str) -> str:
    """The key at `where` in the section, or in the object `mqtt` beside it."""
    return where if where[:5] == "mqtt." else "rest." + where


def mistaken(where: str, what: str, at: int, word: "str | int" = "", *more) -> EnrollError:
    """The error for `what` at the index `at` of the template at `where` in the section; -1 if its text is not kept.
    `word`: for an unknown function, those that there are; for an unknown name, the name, and in `more` what uses the
    template; for wrong arguments, the function, and in `more` how many there are and should be.
    """
    if what == "unknown" and word in ("body", "id", "secret"):
        what = str(word)
    fact, _, remedy = entry(_WORDS, what).partition(": ")
    if at >= 0:
        fact += " at character %d" % (at + 1)
    if what == "function":
        remedy += " " + str(word)
    elif what == "arguments":
        remedy += " %s %d, not %d" % (word, more[1], more[0])
    elif more and more[0] != where:
        fact += ", where `%s` uses it" % _key(str(more[0]))
    return mistakes.wrong("%s` %s" % (_key(where), fact), remedy)


def circle(name: str, inside: tuple) -> EnrollError:
    """The error for the entry `name` of `values` that contains itself, by way of those `inside`."""
    through = ", ".join(inside[inside.index(name) + 1 :])
    fact = "rest.values.%s` uses itself" % name
    return mistakes.wrong(fact + (through and " by way of " + through), "remove that name")


def nested(where: str) -> EnrollError:
    """The error for what is at `where` and has too many values, objects or lists in each other."""
    return mistakes.wrong("%s` is nested too deeply" % _key(where), "make it flatter")


def long(where: str) -> EnrollError:
    """The error for the template at `where` that would give a text too long for a request."""
    return mistakes.wrong("%s` becomes too long once its names are filled in" % _key(where), "use fewer names in it")


def broken(where: str, user: str) -> EnrollError:
    """The error for the template at `where` that a header at `user` uses, and that has a control character."""
    return mistakes.wrong(
        "%s` has a line break, where `%s` uses it" % (_key(where), _key(user)), "encode it, or remove it"
    )
