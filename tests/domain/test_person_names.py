"""Names as people write them."""

from __future__ import annotations

import pytest

from heimdallr.domain.person_names import readable_name


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("SILVA^MARIA JOSÉ", "SILVA, Maria José"),
        ("Silva^Maria da Luz^^Dr.", "SILVA, Dr. Maria da Luz"),
        ("SOUZA^ANA DA COSTA^^^Jr", "SOUZA, Ana da Costa, Jr"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "YAMADA, Tarou (山田 太郎)"),
        ("=山田^太郎", "山田 太郎"),
        ("PHANTOM", "PHANTOM"),
        ("Weiß^Anna", "Weiß, Anna"),
        ("", ""),
    ],
)
def test_a_name_reads_as_on_the_page(sent: str, read: str) -> None:
    """Family name in capitals, given names in mixed case, the ideographic group behind."""
    assert readable_name(sent) == read
