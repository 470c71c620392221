"""Earlier versions of a study's results, out of its case folder."""

from __future__ import annotations

import gzip
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fastapi import Response

from heimdallr.corrections.versions import compare, difference_since, results_of, version_in
from heimdallr.domain.errors import CorrectionError
from heimdallr.intake.uploads import upload_folder
from heimdallr.publishing.schema import coded
from heimdallr.store.upkeep.case_builder import WriteVersion
from heimdallr.web.answers.files import EXAMINED, label_map, send_unpacked
from heimdallr.web.http.compression import takes_gzip
from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request

    from heimdallr.corrections.versions import Comparison
    from heimdallr.publishing.schema import Results
    from heimdallr.web.answers.cases import CaseFolder
    from heimdallr.web.context import Context


def results_of_version(case: CaseFolder, version: int) -> Results:
    """``resultados.json`` of a version.

    Raises:
        Problem: 404, there is no such version.
        PublishingError: it cannot be read.
    """
    with _found():
        return results_of(case.path, version)


def changes_since(case: CaseFolder, version: int) -> Comparison:
    """The numbers and findings that differ between a version and the present one.

    Raises:
        Problem: 404, there is no such version.
        PublishingError: it cannot be read.
    """
    return compare(results_of_version(case, version), case.results())


def packed_difference_since(case: CaseFolder, version: int) -> bytes:
    """The voxels that differ between a version and the present one, packed.

    Raises:
        Problem: 404, there is no such version, or none differs.
        PublishingError: it cannot be read.
    """
    with _found():
        difference = difference_since(case.path, version)
    if difference is None:
        raise Problem(404, "no voxel differs from that version")
    return difference.pack()


def send_label_map(
    request: Request, context: Context, case: CaseFolder, version: int, name: str
) -> Response:
    """A label map of a version, as the viewer's own come; see ``send_unpacked``.

    Raises:
        Problem: 404, there is no such version or map.
        PublishingError: it cannot be read.
    """
    if version == version_in(case.results()):
        with suppress(Problem):  # no structure of it has a voxel any more, or it never was
            return send_unpacked(request, label_map(case.path, name))
    with upload_folder(context.folders) as folder, _found():
        target = folder / "labels.nii.gz"
        context.corrector.do(WriteVersion(case.path, version, name, target))
        packed = target.read_bytes()
    headers = {**EXAMINED, "Vary": "Accept-Encoding"}
    if takes_gzip(request.headers):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, 200, headers, "application/octet-stream")
    return Response(gzip.decompress(packed), 200, headers, "application/octet-stream")


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except CorrectionError as error:
        why = coded(error.why)
        raise Problem(404, error.why.text, code=why.code, why=why) from None
