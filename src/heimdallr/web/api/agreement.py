"""How often people correct what the networks drew."""

from fastapi import APIRouter

from heimdallr.store.reading.agreement import agreement
from heimdallr.web.access import REFUSALS, Reader
from heimdallr.web.context import Ctx
from heimdallr.web.schemas.agreement import StructureAgreement

router = APIRouter(prefix="/api/v1/agreement", tags=["corrections"], responses=REFUSALS)


@router.get("")
def get_agreement(context: Ctx, _who: Reader) -> list[StructureAgreement]:
    """Structures that people have corrected or rejected; what is not listed, nobody has.

    Counted over the corrections that hold. After a study was processed anew none do, until they are
    made again.
    """
    with context.database.read() as session:
        return [StructureAgreement.model_validate(one) for one in agreement(session)]
