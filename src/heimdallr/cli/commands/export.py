"""`heimdallr export`: DICOM objects of a case, for a PACS or a disc."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from heimdallr.config import load_settings
from heimdallr.domain.statements import Language

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.config import Settings
    from heimdallr.publishing.dicom.kinds import DicomObject, Structures


def export(
    case: Annotated[
        str, typer.Argument(help="A case folder, or the ID of a case of the data folder.")
    ],
    *,
    seg: Annotated[bool, typer.Option("--seg", help="Segmentations.")] = False,
    sr: Annotated[bool, typer.Option("--sr", help="Structured reports.")] = False,
    sc: Annotated[bool, typer.Option("--sc", help="Pictures and the table of values.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="The report of one page.")] = False,
    to: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder to write into; default: ./CASE-dicom."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(exists=True, help="Folder of the DICOM images, for cases of old versions."),
    ] = None,
    labelmap: Annotated[
        bool, typer.Option("--labelmap", help="Segmentations as LABELMAP instead of BINARY.")
    ] = False,
    single_frame: Annotated[
        bool, typer.Option("--single-frame", help="Each picture an instance of its own.")
    ] = False,
    language: Annotated[Language, typer.Option(help="Of reports.")] = "en",
    structures: Annotated[
        str | None,
        typer.Option(help="Structures to segment, by class name, with commas between; or: all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Make DICOM objects of a case; without --seg, --sr, --sc, --pdf all of them.

    Made again of the same results they are the same objects, with the same UIDs.
    """
    from heimdallr.publishing.dicom.case_content import read_case  # noqa: PLC0415
    from heimdallr.publishing.dicom.kinds import ObjectOptions  # noqa: PLC0415
    from heimdallr.publishing.dicom.objects import write_objects_of  # noqa: PLC0415
    from heimdallr.publishing.dicom.old_cases import source_of_old_case  # noqa: PLC0415

    settings = load_settings()
    folder = _case_folder(case, settings)
    target = to or Path(f"{folder.name}-dicom")
    if target.resolve().is_relative_to(folder.resolve()):
        message = "a case folder is whole as it is; name another folder with --to"
        raise typer.BadParameter(message)
    content = read_case(folder, source_of_old_case(folder, source or _received(folder, settings)))
    options = ObjectOptions(
        segmentation="labelmap" if labelmap else "binary",
        captures="single_frame" if single_frame else "multi_frame",
        language=language,
        structures=_structures(structures),
    )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{target.absolute()} cannot be made: {error.strerror}; name another with --to"
        raise typer.BadParameter(message) from None
    written = write_objects_of(content, _kinds(seg=seg, sr=sr, sc=sc, pdf=pdf), target, options)
    for notice in content.notices:
        Console(stderr=True).print(f"notice: {notice.text}", markup=False, soft_wrap=True)
    if as_json:
        rows = [{"kind": one.kind.value, "path": str(one.path.absolute())} for one in written]
        typer.echo(json.dumps(rows))
    else:
        for one in written:
            typer.echo(f"{one.kind.value}\t{one.path.absolute()}")
    if not written:
        Console(stderr=True).print("nothing of what was asked for is in this case")
        raise typer.Exit(1)


def _structures(told: str | None) -> Structures:
    if not told:
        return "usual"
    return "all" if told == "all" else tuple(told.split(","))


def _case_folder(case: str, settings: Settings) -> Path:
    from heimdallr.publishing.case_folder import CASE_ID  # noqa: PLC0415
    from heimdallr.store.layout import data_folders  # noqa: PLC0415

    if (path := Path(case)).is_dir():
        return path.resolve()
    if CASE_ID.fullmatch(case) and (path := data_folders(settings).output / case).is_dir():
        return path
    message = "there is no such case folder, and no case of this ID in the data folder"
    raise typer.BadParameter(message)


def _received(folder: Path, settings: Settings) -> Path | None:
    """Where the images of a case lie, if they were received here."""
    from heimdallr.publishing.schema import read_identity  # noqa: PLC0415
    from heimdallr.store.layout import data_folders  # noqa: PLC0415

    try:
        uid = read_identity(folder).study_instance_uid
        return data_folders(settings).study(uid) if uid else None
    except (OSError, ValueError):
        return None  # it is said when the whole folder is read


def _kinds(*, seg: bool, sr: bool, sc: bool, pdf: bool) -> Iterable[DicomObject]:
    from heimdallr.publishing.dicom.kinds import DicomObject  # noqa: PLC0415
    from heimdallr.publishing.dicom.objects import MAKERS  # noqa: PLC0415

    asked = {
        DicomObject.SEG: seg,
        DicomObject.SEG_REGULAR: seg,
        DicomObject.SR: sr,
        DicomObject.SR_PLANAR: sr,
        DicomObject.CAPTURES: sc,
        DicomObject.TABLE: sc,
        DicomObject.PDF: pdf,
    }
    return [kind for kind, wanted in asked.items() if wanted] or list(MAKERS)
