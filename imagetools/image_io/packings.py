"""What layers became when they were packed, out of the ledger: asked before a layer is read, told after it was packed."""

from typing import Final

from ..image import media_types
from ..image.descriptor import Descriptor
from ..image.layer import oci_digest
from ..kernel.hashes import Hash
from .compressors import codec
from .image_source import SourceLayer
from .ledger import LayerFacts, LayerLedger, diff_id_key
from .oci_layout import Packed


class Packings:
    """Without a ledger nothing is known, and nothing is remembered."""

    def __init__(self, ledger: LayerLedger | None) -> None:
        self._ledger: Final = ledger
        self._recorded = False

    def find(self, layer: SourceLayer, compressor: str) -> Descriptor | None:
        """What ``layer`` becomes, by its diff ID."""
        if self._ledger is None:
            return None
        diff_id = Hash.parse_prefixed(layer.diff_id)
        facts = self._ledger.find(diff_id_key(diff_id))
        blob = facts.blobs.get(codec(compressor)) if facts is not None and facts.diff_id == diff_id else None
        if blob is None:
            return None
        return Descriptor(media_types.OF_COMPRESSOR[compressor], oci_digest(blob[0]), blob[1])

    def record(self, packed: Packed, compressor: str) -> None:
        """What a layer has become."""
        if self._ledger is not None:
            blob = Hash.parse_prefixed(packed.described.digest), packed.described.size
            self._recorded = True
            self._ledger.record(diff_id_key(packed.diff_id), LayerFacts(packed.diff_id, packed.size, {codec(compressor): blob}))

    def tidy(self) -> None:
        """Forget what is too much, where something came in."""
        if self._ledger is not None and self._recorded:
            self._ledger.tidy()
