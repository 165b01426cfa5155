"""What tests say of packets beside `lutdla.spec.packets`."""

import zlib


def trailers_crc(packets, config):
    """What register CRC_RUN holds after a run that took these packets, RUN first."""
    return zlib.crc32(b"".join(part[-config.stream_bytes :] for part in packets))
