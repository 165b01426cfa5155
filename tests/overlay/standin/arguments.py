"""What a command may be given: options with and without a value, and how many plain arguments."""

from dataclasses import dataclass


class VivadoError(Exception):
    """A command that fails; the text is what Vivado prints after `ERROR: `."""


@dataclass(frozen=True)
class Signature:
    """Options are written without their dash; every command takes -quiet and -verbose."""

    least: int = 0
    most: int = 0
    flags: str = ""
    values: str = ""


def parse(command, signature, words):
    """Options as a dictionary, and plain arguments.

    Raises:
        VivadoError: an unknown option, one without its value, or too few or too many arguments.
    """
    flags, values = {*signature.flags.split(), "quiet", "verbose"}, set(signature.values.split())
    options, plain, rest = {}, [], list(words)
    while rest:
        word = rest.pop(0)
        name = word[1:]
        if word.startswith("-") and not _is_number(word):
            if name in flags:
                options[name] = True
            elif name in values:
                if not rest:
                    raise VivadoError(f"[Common 17-157] Missing value for option '{word}', please type "
                                      f"'{command} -help' for usage info.")
                options[name] = rest.pop(0)
            else:
                raise VivadoError(f"[Common 17-170] Unknown option '{word}', please type '{command} -help' for usage "
                                  "info.")
        else:
            plain.append(word)
    if len(plain) < signature.least:
        raise VivadoError(f"[Common 17-163] Missing value for a required argument, please type '{command} -help' for "
                          "usage info.")
    if len(plain) > signature.most:
        raise VivadoError(f"[Common 17-165] Too many positional options when parsing '{plain[signature.most]}', please "
                          f"type '{command} -help' for usage info.")
    return options, plain


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True
