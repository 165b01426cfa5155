"""`Consumer`: how far a run has come, record by record, and what it needs from the input stream. No arithmetic."""

from __future__ import annotations

from typing import Generic, TypeVar

from lutdla.spec.program import Program

Frame = TypeVar("Frame")
Piece = TypeVar("Piece")

PIECES_AHEAD = 2
"""Table pieces that have room in the core: one in use and the next."""


class Consumer(Generic[Frame, Piece]):
    """A run in progress: takes frames and table pieces where there is room, and executes records as soon as it can.

    Args:
        program: what is executed.
        images: of the run.

    Attributes:
        row: record it waits in.
        missing: images that the run has not been given.
        ready: frames and pieces of passes that are complete, each as (frames, pieces).
        left: passes that are not complete.
        frames_are_passes: each frame is a whole pass: one image, no table pieces.
    """

    def __init__(self, program: Program, images: int) -> None:
        self._lookups = program.lookups
        self.frames_are_passes = program.images == 1 and not program.pieces
        self.row, self.missing, self.left = 1, images, -(-images // program.images)
        self.ready: list[tuple[tuple[Frame, ...], tuple[Piece, ...]]] = []
        self._frames: list[Frame] = []  # of this pass, and the one loaded ahead
        self._pieces: list[Piece] = []
        self._used_frames = self._used_pieces = 0  # of them, those that a record has waited for in this pass
        self._held_frames = self._held_pieces = 0  # that take room

    def room_for_frame(self) -> bool:
        """Whether a frame can be taken now; if not, it never can before something else has come."""
        return not self._held_frames

    def room_for_piece(self) -> bool:
        """Whether a table piece can be taken now."""
        return self._held_pieces < PIECES_AHEAD

    def take_passes(self, frames: Frame, count: int) -> None:
        """Take frames that are as many whole passes, as one entry of `ready`."""
        self.ready.append(((frames,), ()))
        self.missing -= count
        self.left -= count

    def take_frame(self, frame: Frame) -> None:
        """Take an input frame and go as far as possible."""
        self._frames.append(frame)
        self._held_frames += 1
        self.missing -= 1
        self._advance()

    def take_piece(self, piece: Piece) -> None:
        """Take a whole table piece and go as far as possible."""
        self._pieces.append(piece)
        self._held_pieces += 1
        self._advance()

    def _advance(self) -> None:
        while self.left:
            record = self._lookups[self.row - 1]
            if record.wait_input and self._used_frames == len(self._frames):
                return
            if record.wait_tables and self._used_pieces == len(self._pieces):
                return
            self._used_frames += record.wait_input
            self._used_pieces += record.wait_tables
            self._held_frames -= record.free_input
            self._held_pieces -= record.free_tables
            self.row += 1
            if self.row > len(self._lookups):
                self._end_pass()

    def _end_pass(self) -> None:
        self.ready.append((tuple(self._frames[: self._used_frames]), tuple(self._pieces[: self._used_pieces])))
        self._frames, self._pieces = self._frames[self._used_frames :], self._pieces[self._used_pieces :]
        self._used_frames = self._used_pieces = 0
        self.row, self.left = 1, self.left - 1
