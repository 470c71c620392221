"""The rules of findings that are asked here."""

from fastapi import APIRouter

from heimdallr.analyses.rules.rule_table import packaged_rules, read_rules
from heimdallr.domain.errors import RulesError
from heimdallr.web.access import REFUSALS, Reader
from heimdallr.web.context import Ctx
from heimdallr.web.schemas.finding_rules import BrokenRules, FindingRules, finding_rules_out

router = APIRouter(prefix="/api/v1", tags=["findings"], responses=REFUSALS)


@router.get("/rules")
def list_rules(context: Ctx, _who: Reader) -> FindingRules:
    """What makes a finding here: the package's rules with what the department changed in them.

    As the next case is asked. Finished cases keep the rules they were judged by.
    """
    file, packaged, broken = context.settings.rules_path, packaged_rules(), None
    try:
        table = read_rules(file)
    except RulesError as error:
        table = packaged
        broken = BrokenRules(reason=str(error.args[0]), remedy=error.remedy)
    return FindingRules(file=file.name, broken=broken, rules=finding_rules_out(table, packaged))
