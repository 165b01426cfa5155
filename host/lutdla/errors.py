"""The exceptions of lutdla: one small family, each message says what, the value, the limit and the fix."""

from __future__ import annotations


class LutdlaError(Exception):
    """Base of every error that lutdla raises on purpose."""


class ConfigError(LutdlaError, ValueError):
    """A `CoreConfig` that no hardware can have."""


class ProgramError(LutdlaError, ValueError):
    """A layer program or memory image that breaks the rules of the core it was made for."""


class CompileError(LutdlaError, ValueError):
    """A model that cannot be compiled: names the layer, the place and the fix."""


class ArtefactError(LutdlaError, ValueError):
    """A file that is no artefact, is corrupted, or has another version."""


class FitError(LutdlaError, ValueError):
    """An artefact that this overlay cannot hold: names the memory, the need and the limit."""


class InputError(LutdlaError, ValueError):
    """An array of the wrong shape, type or range at the boundary of the API."""


class DeviceError(LutdlaError, RuntimeError):
    """The device is not what it should be: wrong magic, ABI or configuration, or it is missing."""


class CoreError(LutdlaError, RuntimeError):
    """The core reported an error: carries the decoded error code.

    Attributes:
        code: name of the error code (`lutdla.spec.packets.ErrorCode`).
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class DeadlineError(LutdlaError, TimeoutError):
    """A wait ran past its deadline: the message holds the DMA and core status."""


class ToolError(LutdlaError, RuntimeError):
    """A tool (simulator, synthesiser, compiler) is missing or failed."""
