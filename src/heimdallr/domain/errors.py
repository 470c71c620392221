"""Every error Heimdallr raises on purpose.

::

    HeimdallrError
    ├── ConfigurationError        a setting is wrong: the operator must change it
    ├── InputRefusedError         what was handed in cannot be a study
    │   ├── UnsafeArchiveError    a ZIP that is a bomb, escapes its folder or is no ZIP
    │   ├── NoDicomError          no readable DICOM instance was found
    │   └── UnsupportedStudyError readable, but nothing in it is a CT or MR volume
    ├── ConversionError           dcm2niix could not make a volume of the chosen series
    ├── MachineFaultError         the machine cut a conversion short; nothing is known of the images
    ├── ConverterMissingError     dcm2niix cannot be started at all
    ├── WeightsError              weights are absent, damaged or not to be loaded
    ├── LicenceError              a task asks for a licence that is not configured
    ├── SegmentationError         a network could not be run on this volume
    ├── PublishingError           a result could not be written
    │   └── ObjectError           a DICOM object cannot be made of a case folder
    ├── CorrectionError           a person's correction does not fit the case
    │   └── OtherBaseError        the label maps are not those it was made on
    ├── RulesError                the rules of findings cannot be used as a department wrote them
    ├── UnsendableError           no message about a case can be made for another system
    ├── StorageError              the database or the data folder cannot be used
    │   ├── DiskLowError          too little room is left to take more in
    │   ├── ImagesAwayError       the folder of a study's received images is not there
    │   ├── ObjectStoreError      the object store cannot be reached, or refuses
    │   │   └── ObjectLostError   what was put into it is missing or damaged
    │   └── NewerDatabaseError    the database belongs to a newer program: trying again is no use
    ├── DestinationError          a destination or a rule cannot be made or changed so
    ├── StateConflictError        what is asked does not fit the state a study is in
    ├── ArchiveError              an archive cannot be asked, or does not give what it is asked for
    └── AccountError              a user, a password or a token cannot be made or changed so
        └── WrongPasswordError    the present password is another one

An error says what happened (``str(error)``), and what a person can do (``error.remedy``).
It never carries patient data: a study is named by its UID or number only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heimdallr.domain.statements import Statement


class HeimdallrError(Exception):
    """Base of all deliberate errors.

    Args:
        message: what happened, one sentence, no patient data.
        remedy: what the operator can do about it; empty when nothing can be done.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        """The message, followed by the remedy where there is one."""
        message = super().__str__()
        return f"{message} — {self.remedy}" if self.remedy else message


class ConfigurationError(HeimdallrError):
    """A setting is missing, malformed or out of bounds."""


class RulesError(HeimdallrError):
    """A table of rules that is not one; the message names the rule and the field."""


class InputRefusedError(HeimdallrError):
    """What was handed in cannot be a study."""


class UnsafeArchiveError(InputRefusedError):
    """A ZIP file that is damaged, too large, nested, or whose members leave its folder."""


class NoDicomError(InputRefusedError):
    """No readable DICOM instance was found in the input."""


class UnsupportedStudyError(InputRefusedError):
    """The study is readable but holds no CT or MR volume."""


class ConversionError(HeimdallrError):
    """A series could not be converted into a volume with a trustworthy geometry."""


class MachineFaultError(HeimdallrError):
    """The machine kept a series from being converted; the same may go well at another time."""


class ConverterMissingError(HeimdallrError):
    """The converter cannot be started, whatever the images are."""


class WeightsError(HeimdallrError):
    """Network weights are absent, damaged, or of a layout that cannot be loaded."""


class LicenceError(HeimdallrError):
    """A TotalSegmentator task asks for a licence number that is not configured."""


class SegmentationError(HeimdallrError):
    """A network could not be run on this volume."""


class PublishingError(HeimdallrError):
    """A result could not be written."""


class ObjectError(PublishingError):
    """A DICOM object cannot be made of a case folder; trying again would not help."""


class CorrectionError(HeimdallrError):
    """A person's correction cannot be applied to a case; the case is as it was.

    Args:
        why: the reason; it is shown to people in their language.
    """

    def __init__(self, why: Statement) -> None:
        super().__init__(why.text)
        self.why = why


class OtherBaseError(CorrectionError):
    """The label maps are not those that the correction was made on."""


class UnsendableError(HeimdallrError):
    """No message about a case can be made for another system, now or later.

    Args:
        why: the reason; it is shown to people in their language.
    """

    def __init__(self, why: Statement) -> None:
        super().__init__(why.text)
        self.why = why


class StorageError(HeimdallrError):
    """The database or the data folder cannot be used as it is."""


class DiskLowError(StorageError):
    """Too little room is left on the disk to take more in."""


class ImagesAwayError(StorageError):
    """The folder of a study's received images is not there; perhaps its disk is not mounted."""


class ObjectStoreError(StorageError):
    """The object store cannot be reached, or refuses; the same may go well at another time."""


class ObjectLostError(ObjectStoreError):
    """What was put into the object store is missing or damaged: it has to be put anew."""


class NewerDatabaseError(StorageError):
    """The database was brought up to date by a newer program; this one cannot work with it."""


class DestinationError(HeimdallrError):
    """A destination of results, or a rule for one, cannot be made or changed in this way."""


class StateConflictError(HeimdallrError):
    """What is asked does not fit the state a study is in."""


class ArchiveError(HeimdallrError):
    """An archive cannot be asked, or does not give what it is asked for.

    Args:
        why: what happened, and what to do.
        again: whether the same may go well at another time.
    """

    def __init__(self, why: Statement, *, again: bool = False) -> None:
        super().__init__(why.text)
        self.why, self.again = why, again


class AccountError(HeimdallrError):
    """A user, a password or an API token cannot be made or changed in this way."""


class WrongPasswordError(AccountError):
    """Somebody who changes their password does not know the present one."""
