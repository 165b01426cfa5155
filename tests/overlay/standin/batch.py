"""`vivado -mode batch`: runs scripts in a real Tcl interpreter, whose commands are ours, and writes the log."""

import os
import sys
import time
import tkinter as tk
from pathlib import Path

from tests.overlay.standin import design_commands, run_commands  # noqa: F401  # they add their commands
from tests.overlay.standin.arguments import VivadoError, parse
from tests.overlay.standin.project_commands import COMMANDS
from tests.overlay.standin.session import Session

_WRAP = """
proc {name} args {{
    lassign [__vivado {name} {{*}}$args] failed value
    if {{$failed}} {{ return -code error $value }}
    return $value
}}
"""
_PUTS = """
rename puts __puts
proc puts args {
    if {[llength $args] == 1} { __say [lindex $args 0] } else { __puts {*}$args }
}
"""


def main(words):
    """Exit status as Vivado's: 0, or 1 when a script stopped with an error."""
    if words == ["-version"]:
        sys.stdout.write(f"vivado v{Session().version} (64-bit)\n")
        return 0
    scripts, log, mode = [], "vivado.log", ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-nojournal", "-notrace"):
            continue
        if word not in ("-mode", "-log", "-source") or not rest:
            sys.stdout.write(f"ERROR: [Common 17-169] unknown option or missing value: {word}\n")
            return 1
        value = rest.pop(0)
        if word == "-source":
            scripts.append(value)
        elif word == "-log":
            log = value
        else:
            mode = value
    if mode != "batch":
        sys.stdout.write("ERROR: this stand-in has only -mode batch\n")
        return 1
    with Path(log).open("w") as file:
        return _run(scripts, file)


def _run(scripts, log):
    tcl, session = tk.Tcl(), Session()

    def say(text):
        for stream in (sys.stdout, log):
            stream.write(f"{text}\n")
            stream.flush()
        return ""

    def call(name, *words):
        try:
            return 0, _call(session, name, words)
        except VivadoError as error:
            say(f"ERROR: {error}")
            return 1, str(error)

    def leave(status="0"):
        log.flush()
        sys.stdout.flush()
        os._exit(int(status))

    session.say, session.split = say, tcl.splitlist
    tcl.createcommand("__vivado", call)
    tcl.createcommand("__say", say)
    tcl.createcommand("exit", leave)
    tcl.eval(_PUTS)
    for name in COMMANDS:
        tcl.eval(_WRAP.format(name=name))
    say(f"\n****** Vivado v{session.version} (64-bit)\n  **** stand-in\n")
    for script in scripts:
        say(f"source {script} -notrace")
        try:
            tcl.eval(f"source {{{script}}}")
        except tk.TclError as error:
            text = str(error)
            if not text.startswith("["):  # an error of Tcl itself, which no command has said yet
                say(f"ERROR: [Common 17-39] {text}")
            return 1
    say("INFO: [Common 17-206] Exiting Vivado")
    return 0


def _call(session, name, words):
    if os.environ.get("STANDIN_HANG") == name:
        while True:
            time.sleep(1)
    signature, function = COMMANDS[name]
    options, plain = parse(name, signature, words)
    if os.environ.get("STANDIN_FAIL") in (name, f"{name}:{plain[0] if plain else ''}") and name != "launch_runs":
        raise VivadoError(f"[Standin 1-1] told to fail at {name}")
    return function(session, options, plain)
