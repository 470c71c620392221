"""A database as it is after years of studies, for benchmarks: on SQLite or on PostgreSQL.

Patients, studies and findings are drawn at random, the same ones each time; series, runs, events
and measurements are made of the studies by the database itself. A patient has 2.5 studies on
average, 25 at most. Each study that is done has ``measured`` measurements under the names that the
analyses use; nine in ten of them are numbers.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import (
    Float,
    String,
    UniqueConstraint,
    case,
    cast,
    func,
    insert,
    literal,
    make_url,
    null,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from postgresql import running_cluster

from heimdallr.analyses.registry import ANALYSES
from heimdallr.store.database import Database
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import (
    STATE_ORDER,
    Event,
    FindingRow,
    Instance,
    MeasurementRow,
    Patient,
    Run,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.reading.search import search_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Column, Connection, Dialect, SelectBase

    from heimdallr.store.models import Base

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)
MEASURED = 30
"""Measurements of a study; a real one has 150 to 300."""
BATCH, PROCESSES = 5000, 2
SERIES = 4
STUDIES_PER_PATIENT = 2.5
_FAMILY = """
Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins
Carvalho Almeida Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira
Nunes Marques Machado Mendes Freitas Cardoso Ramos Gonçalves Santana Teixeira Müller Schmidt
Wagner Becker Hoffmann Jönsson Åkesson Dvořák Nowak Kowalski Papadopoulos
"""
FAMILY = _FAMILY.split()
_GIVEN = """
Maria José João Ana Antônio Francisco Carlos Paulo Pedro Lucas Luiz Marcos Gabriel Rafael Márcia
Adriana Juliana Fernanda Patrícia Aline Sandra Camila Amanda Bruna Jéssica Letícia Júlia Luciana
Vanessa Mariana Gabriela Vera Vitória Larissa Cláudia Beatriz Zoë Björn
"""
GIVEN = _GIVEN.split()
REGIONS = ("head", "neck", "thorax", "abdomen", "pelvis")
CODES = {
    "intracerebral_haemorrhage": ("critical", 3),
    "splenomegaly": ("significant", 2),
    "low_muscle_mass": ("significant", 2),
    "liver_steatosis": ("note", 1),
    "truncated_coverage": ("note", 1),
}


@dataclass(frozen=True)
class Amount:
    """How much there is: studies ``first`` to ``last``, measurements in each."""

    first: int
    last: int
    measured: int

    @property
    def patients(self) -> int:
        """Persons; a study's number names one of them or nobody."""
        return max(int((self.last - self.first + 1) / STUDIES_PER_PATIENT), 1)


class Rows:
    """Patients, studies and findings, as rows of their tables."""

    def __init__(self, amount: Amount) -> None:
        self.amount = amount
        self.tables: dict[type[Base], list[dict[str, object]]] = {}

    def add(self, table: type[Base], **values: object) -> None:
        """One more row."""
        self.tables.setdefault(table, []).append(values)

    def person(self, number: int) -> dict[str, object]:
        """Name, PatientID, birth date and sex of a patient; the same each time."""
        dice = random.Random(number)  # noqa: S311 - sample data
        family = f"{dice.choice(FAMILY)} {dice.choice(FAMILY)}"
        return {
            "patient_id": f"P{number:07d}",
            "name": f"{family}^{dice.choice(GIVEN)} {dice.choice(GIVEN)}",
            "birth_date": f"{dice.randrange(1936, 2020)}{dice.randrange(1, 13):02d}15",
            "sex": dice.choice("MF"),
        }

    def patient(self, number: int) -> None:
        """A patient, whether or not a study is theirs."""
        self.add(Patient, id=number, **self.person(number))

    def study(self, number: int) -> None:
        """A study received within the years before now, and what became of it."""
        dice = random.Random(f"study {number}")  # noqa: S311 - sample data
        amount = self.amount
        back = amount.last - number
        minutes = 20 if amount.last <= 100_000 else 2
        received = NOW - timedelta(minutes=minutes * (back + 1) + dice.random())
        patient = amount.first + int(amount.patients * dice.random() ** 1.2)
        person = self.person(patient)
        name, patient_id = str(person["name"]), str(person["patient_id"])
        accession = f"A{dice.randrange(10**9):09d}"
        uid = f"1.2.826.0.1.3680043.8.498.{dice.randrange(10**24)}"
        state = StudyState.DONE
        if back < 15:
            state = dice.choice((StudyState.RECEIVING, StudyState.QUEUED, StudyState.SEGMENTING))
        elif dice.random() < 0.04:
            state = dice.choice((StudyState.FAILED, StudyState.REFUSED, StudyState.CANCELLED))
        done = state is StudyState.DONE
        modality = "CT" if dice.random() < 0.8 else "MR"
        codes = [code for code in CODES if done and dice.random() < 0.06]
        regions = dice.sample(REGIONS, dice.randint(1, 3)) if done else []
        turnaround = dice.lognormvariate(5, 0.6)
        self.add(
            Study,
            id=number,
            key=uid,
            study_instance_uid=uid,
            patient_fk=patient,
            patient_name=name,
            patient_id=patient_id,
            birth_date=person["birth_date"],
            sex=person["sex"],
            age_years=float(received.year - int(str(person["birth_date"])[:4])),
            accession_number=accession,
            study_date=f"{received:%Y%m%d}",
            study_time="101500",
            description=dice.choice(("TC DE ABDOME TOTAL", "CT CHEST", "RM ABDOME", "CT HEAD W/O")),
            institution="HOSPITAL SANTA CLARA",
            modality=modality if done else "",
            modalities=f",{modality},SR," if dice.random() < 0.2 else f",{modality},",
            search_text=search_text(name, patient_id, accession),
            calling_ae=f"SCANNER{dice.randrange(6)}",
            called_ae="HEIMDALLR",
            peer_address="10.1.2.3",
            received_at=received,
            last_instance_at=received,
            completed_at=received + timedelta(seconds=30),
            instance_count=dice.randrange(50, 900),
            size_bytes=dice.randrange(10**9),
            state=state,
            revision=1,
            digest=f"{number:064x}",
            case_id=f"{name[:6]}_{received:%Y%m%d}_{accession}_{number}",
            priority=1 if dice.random() < 0.05 else 10,
            progress=1.0 if done else 0.0,
            started_at=received,
            finished_at=received + timedelta(seconds=turnaround) if done else None,
            elapsed_s=turnaround if done else None,
            turnaround_s=turnaround if done else None,
            changed_at=received,
            change=number,
            has_results=done,
            has_hemorrhage=("intracerebral_haemorrhage" in codes) if "head" in regions else None,
            body_regions=f",{','.join(regions)}," if regions else "",
            finding_codes=f",{','.join(codes)}," if codes else "",
            worst_severity=max((CODES[code][1] for code in codes), default=0),
            notices=["bundled weights — not for clinical use"],
            volume_bytes=dice.randrange(10**8),
            read_at=received + timedelta(hours=1) if back > 400 else None,
            flagged=dice.random() < 0.01,
            kept={"originals": True, "volume": True, "masks": True, "results": True},
            state_rank=STATE_ORDER.index(state),
            sort_date=int(f"{received:%Y%m%d}"),
            sort_turnaround=turnaround if done else -1.0,
        )
        for code in codes:
            self.add(
                FindingRow, study_fk=number, code=code, severity=CODES[code][0], title=code,
                evidence={"volume_cm3": 12.5},
                acknowledged_at=received + timedelta(hours=2) if back > 400 else None,
            )  # fmt: skip


def fill(database: Database, count: int, first: int = 1, measured: int = MEASURED) -> None:
    """Make the tables and write ``count`` studies, numbered from ``first``."""
    upgrade(database)
    amount = Amount(first, first + count - 1, measured)
    starts = range(amount.first, amount.last + 1, BATCH)
    if database.is_sqlite:
        for start in starts:
            _write_batch(database, amount, start)
    else:
        url = database.url.render_as_string(hide_password=False)
        with _indexed_afterwards(database), ProcessPoolExecutor(PROCESSES) as pool:
            list(pool.map(partial(_write_in_child, url, amount), starts))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not database.is_sqlite:
            for table in (Patient, Study, Series):  # whose numbers were given here
                last = select(func.max(table.id)).scalar_subquery()
                connection.execute(select(func.setval(f"{table.__tablename__}_id_seq", last)))
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


@contextmanager
def _indexed_afterwards(database: Database) -> Iterator[None]:
    """Most rows are measurements, and their indexes are made in a third of the time at the end."""
    table = MeasurementRow.__table__
    indexes = list(table.indexes)
    unique = next(one for one in table.constraints if isinstance(one, UniqueConstraint))
    with database.engine.begin() as connection:
        connection.execute(DropConstraint(unique))
        for index in indexes:
            connection.execute(DropIndex(index))
    yield
    with database.engine.begin() as connection:
        connection.execute(AddConstraint(unique))
        for index in indexes:
            connection.execute(CreateIndex(index))


def _write_in_child(url: str, amount: Amount, start: int) -> None:
    database = Database(make_url(url))
    _write_batch(database, amount, start)
    database.close()


def _write_batch(database: Database, amount: Amount, start: int) -> None:
    """``BATCH`` studies and what hangs on them, in one transaction without foreign keys' checks."""
    stop = min(start + BATCH, amount.last + 1)
    rows = Rows(amount)
    for number in range(start, stop):
        if number < amount.first + amount.patients:
            rows.patient(number)
        rows.study(number)
    engine = database.engine
    with engine.connect().execution_options(heimdallr_writes=True) as connection:
        if database.is_sqlite:
            connection.connection.execute("PRAGMA foreign_keys=OFF")  # before it begins
        with connection.begin():
            if not database.is_sqlite:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table, values in rows.tables.items():
                if database.is_sqlite:
                    connection.execute(insert(table), values)
                else:
                    _copy(connection, table, values)
            _derive(connection, start, stop, amount.measured)


def _copy(connection: Connection, table: type[Base], rows: list[dict[str, object]]) -> None:
    """PostgreSQL's COPY; columns that a row does not name get the model's defaults."""
    dialect = connection.dialect
    columns = [one for one in table.__table__.columns if one.name in rows[0] or one.default]
    made = [(one.name, _default(one), _bound(one, dialect)) for one in columns]
    names = ", ".join(f'"{one.name}"' for one in columns)
    statement = f"COPY {table.__tablename__} ({names}) FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([bound(row.get(name, default)) for name, default, bound in made])


def _bound(column: Column[object], dialect: Dialect) -> Callable[[object], object]:
    kind = column.type.dialect_impl(dialect)
    return kind.bind_processor(dialect) or (lambda value: value)


def _default(column: Column[object]) -> object:
    default = column.default
    if default is None or default.is_clause_element:
        return None
    return default.arg if default.is_scalar else default.arg(None)


def _derive(connection: Connection, start: int, stop: int, measured: int) -> None:
    """Series, an image, a run, events and measurements of the studies ``start`` to ``stop``."""
    ours = Study.id.between(start, stop - 1)
    place = union_all(*(select(literal(one).label("n")) for one in range(SERIES))).subquery()
    n = place.c.n
    _make(connection, Series, select(
        (SERIES * Study.id + n).label("id"), Study.id.label("study_fk"),
        (Study.key + "." + cast(n, String)).label("uid"), n.label("number"),
    ).join_from(Study, place, true()).where(ours))  # fmt: skip
    key = Study.key + ".1.1"
    _make(connection, Instance, select(
        Study.id.label("study_fk"), (SERIES * Study.id).label("series_fk"), key.label("key"),
        Study.digest, literal(500_000).label("size_bytes"),
        (Study.key + "/" + key + ".dcm").label("path"), Study.received_at,
    ).where(ours))  # fmt: skip
    _make(connection, Run, select(
        Study.id.label("study_fk"), literal(1).label("revision"), literal(1).label("attempt"),
        literal("received").label("cause"),
        ("run-" + cast(Study.id, String)).label("workflow_id"),
        case((Study.state == StudyState.RECEIVING, StudyState.CANCELLED.value),
             else_=cast(Study.state, String)).label("state"),
        literal("publish").label("stage"), Study.received_at.label("queued_at"),
        Study.started_at, Study.finished_at,
        literal(
            {"prepare": 5.0, "segment": 150.0, "analyze": 9.0, "publish": 4.0}, Run.seconds.type
        ).label("seconds"),
    ).where(ours))  # fmt: skip
    for kind in ("complete", "done", "read"):
        _make(connection, Event, select(
            Study.received_at.label("at"), Study.id.label("study_fk"),
            literal(kind).label("kind"), literal(kind).label("message"),
        ).where(ours))  # fmt: skip
    names = union_all(
        *(
            select(
                literal(place).label("n"),
                literal(name).label("name"),
                literal(unit).label("unit"),
                literal(analysis).label("analysis"),
            )
            for place, (name, unit, analysis) in enumerate(islice(measurement_names(), measured))
        )
    ).subquery()
    # A number between 0 and 1999 that looks like chance, of integers: alike on both databases.
    chance = (Study.id * 919 + names.c.n * 1049) % 2000
    bell = chance + (Study.id * 31 + names.c.n * 17) % 613 + (Study.id * 13) % 499
    is_number = (Study.id + names.c.n) % 10 != 0
    _make(connection, MeasurementRow, select(
        Study.id.label("study_fk"), names.c.name,
        case((is_number, cast(bell, Float) / 2.0), else_=null()).label("value"),
        names.c.unit, names.c.analysis,
        case((is_number, "measured"), else_="not_assessable").label("status"),
        case((is_number, ""), else_="outside of what was scanned").label("reason"),
    ).join_from(Study, names, true()).where(ours, Study.has_results))  # fmt: skip


def _make(connection: Connection, table: type[Base], rows: SelectBase) -> None:
    connection.execute(insert(table).from_select(list(rows.selected_columns.keys()), rows))


def measurement_names() -> Iterator[tuple[str, str, str]]:
    """Name, unit and analysis of numbers, beginning with those of organs."""
    outputs = [
        (output.name, output.unit, analysis)
        for analysis, module in ANALYSES.items()
        for output in module.OUTPUTS
        if output.unit and "<" not in output.name
    ]
    yield from sorted(outputs, key=lambda one: "liver" not in one[0])
    yield from ((f"further_{n}", "mm", "organ_volumetry") for n in range(1000))


@contextmanager
def sqlite(kept: Path) -> Iterator[Database]:
    """A database in a file of the folder."""
    database = Database(make_url(f"sqlite:///{kept / 'worklist.db'}"))
    yield database
    database.close()


@contextmanager
def postgresql(kept: Path) -> Iterator[Database]:
    """A database in a cluster of its own below the folder, with a server's usual memory."""
    settings = {
        "shared_buffers": "2GB",
        "effective_cache_size": "8GB",
        "random_page_cost": "1.1",
        "work_mem": "16MB",
        "maintenance_work_mem": "1GB",
        "max_wal_size": "8GB",
    }
    with running_cluster(kept=kept / "postgresql", settings=settings) as cluster:
        database = Database(cluster.kept_database("worklist"))
        yield database
        database.close()
