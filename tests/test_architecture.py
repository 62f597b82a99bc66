"""Who may import whom: every module has a place in the tree, and a rule."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from connecteam_sync.store.sql import urls

SOURCE = Path(__file__).parent.parent / "src" / "connecteam_sync"
CLIENT = {
    *("client", "client_account", "client_bells", "client_history", "client_service", "client_status"),
    *("client_acts", "client_certificates", "client_console", "client_pages", "client_payroll", "client_people"),
    *("client_locks", "client_retention", "client_support"),
}
BASE = {"core", "errors", "version"}
MAY: dict[str, set[str]] = {
    "__init__": {"homes", "client", "client_payroll", "client_retention", "config", "engine", "store", *BASE},
    "homes": set(),
    "__main__": {"cli"},
    "version": set(),
    "core": {"core"},
    "errors": {"core"},
    "api": {"api", *BASE},
    "store": {"store", *BASE},
    "accounts": {"client", "config", "config_fleet", "config_secrets", "store", *BASE},
    "config": {"config_accounts", "config_names", "config_payroll", "config_secrets", "api", "store", *BASE},
    "config_accounts": {"config_names", "config_secrets", *BASE},
    "config_add": {"config", "config_accounts", "store", *BASE},
    "config_fleet": {"config_names", "config_secrets", *BASE},
    "config_secrets": {"config_names", "api", *BASE},
    "config_payroll": {"config_names", *BASE},
    "config_names": {"store", *BASE},
    "days": {"client", *BASE},
    "engine": {"engine", "api", "store", *BASE},
    "client_history": {"config", "engine", "store", *BASE},
    "client_account": {"config", "engine", "store", *BASE},
    "client_locks": {"config", "engine", "store", *BASE},
    "client_support": {"config", "engine", "store", *BASE},
    "client_service": {"config", "engine", "api", "store", *BASE},
    "client_bells": {"config", "config_names", "config_secrets", "engine", "api", "store", *BASE},
    "client_certificates": {"config", "engine", "store", *BASE},
    "client_payroll": {"client_certificates", "config", "engine", "store", *BASE},
    "client_retention": {"config", "engine", "store", *BASE},
    "client_acts": {"config", "engine", "store", *BASE},
    "client_console": {"config", "engine", "store", *BASE},
    "client_people": {"engine", "store", *BASE},
    "client_status": {"client_history", "config", "engine", "store", *BASE},
    "client_pages": {"client_history", "config", "engine", "store", *BASE},
    "web": {"web", "service", "client", "present", "config", "config_secrets", "days", *BASE},
    "alerts": {"alerts", "client", "config", "config_names", "config_secrets", "engine", "api", "store", *BASE},
    "service": {"service", "alerts", "client", "client_bells", "config", "engine", "api", "store", *BASE},
    "worker": {"worker", "service", "config", "store", *BASE},
    "client": {"config", "config_secrets", "engine", "api", "store", *CLIENT, *BASE},
    "present": {"present", "core"},
    "sandbox": {"sandbox", *BASE},
    "cli": {
        "accounts",
        "cli",
        "client",
        "client_bells",
        "alerts",
        "service",
        "worker",
        "present",
        "config",
        "config_add",
        "config_fleet",
        "config_secrets",
        "config_names",
        "days",
        "sandbox",
        "web",
        *BASE,
    },
}
"""For every module and package of the first level, those it may import."""
OF_THE_STORE: dict[str, set[str]] = {
    "sql": {"store.sql", "store.tables.host", "store.tables.keys", "store.tables.rows"},
    "payroll": {"store.payroll", "store.mirror", "store.sql", "store.tables", "store.session"},
}
"""Parts of the store that know less than the rest of it."""
OTHERS = {"core": {"msgspec"}, "present": {"msgspec"}, "config": {"msgspec"}, "errors": set(), "version": set()}
"""Packages of others, where there is a rule; the standard library is everybody's."""
ONLY = {
    "httpx2": {"api", "sandbox", "alerts", "service"},
    "celery": {"worker"},
    "kombu": {"worker"},
    "sqlalchemy": {"store", "engine"},
    "alembic": {"store"},
    "typer": {"cli"},
    "starlette": {"sandbox", "service", "web"},
    "jinja2": {"web"},
    "argon2": {"store"},
    "prometheus_client": {"service"},
    "apprise": {"alerts"},
    "xlsxwriter": {"engine"},
    "pyarrow": {"engine"},
    "uvicorn": {"sandbox", "service"},
}
"""Who alone may import a package."""
DATABASES = {"mysql", "mariadb", "postgresql", "sqlite", "postgres"}
OF_ONE_DATABASE = {
    name
    for name in (f"store.sql.{path.stem}" for path in sorted((SOURCE / "store" / "sql").glob("*.py")))
    if name.removeprefix("store.sql.").partition("_")[0] in DATABASES
}
"""The files of one database, by their names: no other file imports one, and only the list (`urls`) names one."""
LIST_OF_DATABASES = "store.sql.urls"
CHOSEN = {
    "config": {"SQLITE", "sqlite:///connecteam-sync.db"},
    "config_fleet": {"sqlite:///connecteam-sync-control.db"},
    "cli.demo": {"sqlite:///"},
    "cli.demo_console": {"sqlite:///"},
}
"""URLs that are used if no other is given: they choose a database, and ask nothing."""
DRIVERS = {"sqlite3", "psycopg", "pymysql", "MySQLdb"}
ORDER = ["core", "api", "store", "engine", "alerts", "service", "worker", "present", "web", "cli", "sandbox"]
BEGIN = "<!-- drawn from the source -->"
PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Full names of what a file imports, ours as modules where they are some; and whether it is for types only."""
    tree = ast.parse(path.read_text())
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in typing) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            ours = [name for name in names if name.removeprefix("connecteam_sync.") in MODULES]
            yield from ((name, id(node) in typing) for name in ours or [node.module])


def ours(path: Path, *, types: bool = True) -> set[str]:
    """The modules of ours that a file imports, without the name of the package."""
    found = {name for name, is_typing in imports_of(path) if types or not is_typing}
    return {name.removeprefix("connecteam_sync.") for name in found if name.startswith("connecteam_sync.")}


def first(name: str) -> str:
    """The module or package of the first level."""
    return name.partition(".")[0]


def test_every_module_has_a_rule() -> None:
    """What is new on the first level is given its place here."""
    assert {first(name) for name in MODULES} == MAY.keys()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_it_may(name: str) -> None:
    """The core imports nobody of ours, nobody imports upwards, and nobody imports the command."""
    imported = ours(MODULES[name])
    assert {first(one) for one in imported} <= MAY[first(name)]
    part = name.split(".")[1] if name.startswith("store.") and name.count(".") > 1 else ""
    if part in OF_THE_STORE:
        allowed = OF_THE_STORE[part]
        inside = {one for one in imported if first(one) == "store"}
        assert all(any(one == may or one.startswith(f"{may}.") for may in allowed) for one in inside), inside


@pytest.mark.parametrize("name", MODULES)
def test_packages_of_others_stay_where_they_belong(name: str) -> None:
    """The configuration and the core start without an HTTP client or a database."""
    roots = {one.partition(".")[0] for one, _ in imports_of(MODULES[name])} - {"connecteam_sync"}
    others = roots - set(sys.stdlib_module_names)
    assert others <= OTHERS.get(first(name), others)
    assert not {package for package, may in ONLY.items() if package in others and first(name) not in may}


def test_there_is_no_circle() -> None:
    """Imports within functions count too; those for types alone do not."""
    graph = {name: ours(path, types=False) - {name} for name, path in MODULES.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {error.args[1]}")


def names_of(tree: ast.AST) -> set[str]:
    """Every name that a file makes or uses: of functions, classes, parameters, variables, attributes and options."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.arg) or (isinstance(node, ast.keyword) and node.arg):
            found.add(str(node.arg))
    return found


def questions(tree: ast.AST) -> set[str]:
    """Strings and names by which a file names a database, or asks which one it is.

    A string that is no sentence counts if one of its words is a database: `mysql`, `mysql_engine`, `sqlite://`.
    """
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    words = {text for text in texts if text in DRIVERS or (" " not in text.strip() and parts(text) & DATABASES)}
    names = {name for name in names_of(tree) if parts(name) & {*DATABASES, "family"}}
    return words | names


def parts(word: str) -> set[str]:
    """The words that a name or a short text is made of, in small letters: of `MySQLCatalog` also `mysql`."""
    divided = set(re.split(r"[^a-z0-9]+", word.lower()))
    return divided | {name for name in DATABASES if word.lower().startswith(name)}


@pytest.mark.parametrize("name", [name for name in MODULES if first(name) != "sandbox"])
def test_nobody_asks_which_database_it_is(name: str) -> None:
    """What differs is a method or a constant of the database's class: a fifth one is a file and a line of `urls`."""
    if name.startswith("store.migrations") or name in OF_ONE_DATABASE:
        return
    assert not ours(MODULES[name]) & OF_ONE_DATABASE, "it is had from `urls`"
    assert not {one.partition(".")[0] for one, _ in imports_of(MODULES[name])} & DRIVERS
    if name != LIST_OF_DATABASES:
        assert questions(ast.parse(MODULES[name].read_text())) == CHOSEN.get(name, set())


@pytest.mark.parametrize(
    "asked",
    [
        'if d.kind == "mysql": pass',
        'if url.drivername.startswith("sqlite"): pass',
        'x = {"postgresql": 1}[d.kind]',
        "if d.family in KNOWN: pass",
        'if getattr(engine, "is_mariadb", False): pass',
        "if engine.is_mariadb: pass",
        'options = {"mysql_engine": "InnoDB"}',
        'options = {f"{family}_engine": "InnoDB" for family in ("mysql", "mariadb")}',
        'Table("a", metadata, sqlite_autoincrement=True)',
        'key = BigInteger().with_variant(Integer(), "sqlite")',
        "def mysql_session(connection): pass",
        "from connecteam_sync.store.sql.settings import postgresql_url",
        "return MySQLSession(connection)",
    ],
)
def test_a_question_is_seen(asked: str) -> None:
    """In whatever words it is put."""
    assert questions(ast.parse(asked))


def test_every_database_keeps_every_promise() -> None:
    """Its class has all that is asked of one, under the name that stands in front of its URL."""
    for name in urls.SERVED:
        found = urls.database(name)
        assert found.kind == name
        assert not getattr(found, "__abstractmethods__", None)
        assert f"store.sql.{name}" in OF_ONE_DATABASE
        assert name in DATABASES, "the tests here look for its name"


def test_no_file_is_too_long_to_read() -> None:
    """A file above 450 lines is split by a word of the field."""
    long = {name for name, path in MODULES.items() if len(path.read_text().splitlines()) > 450}
    assert not long
    tests = Path(__file__).parent
    long_tests = {path.name for path in tests.rglob("*.py") if len(path.read_text().splitlines()) > 450}
    assert long_tests == {"mutants.py"}, "a table alone may be long"


def test_one_broad_except() -> None:
    """Whatever else is caught has a name."""
    broad = [
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert broad == ["cli.main", "service.units"]


def picture() -> str:
    """Who imports whom, package by package: an arrow points at what is imported. What everybody knows is left out."""
    arrows = {
        (first(name), first(imported))
        for name, path in MODULES.items()
        for imported in ours(path)
        if not {first(name), first(imported)} & {*BASE, "__init__", "__main__"}
    }
    joined = sorted({(_place(one), _place(other)) for one, other in arrows})
    lines = [f"    {one} --> {other}" for one, other in joined if one != other]
    return "\n".join(["```mermaid", "graph TD", *lines, "```"])


def _place(name: str) -> str:
    return "client" if name in CLIENT else name


def listing() -> str:
    """Every module and the first sentence of its docstring, package by package."""
    lines: list[str] = []
    of = {name: name.rpartition(".")[0] for name in MODULES if not name.startswith(("store.migrations.", "__"))}
    packages = {package for package in of.values() if package}
    for package in sorted({*packages, "store.migrations"}, key=lambda one: (ORDER.index(first(one)), one)):
        lines += ["", f"### `{package.replace('.', '/')}/`", "", _sentence(package), ""]
        inside = [name for name, home in of.items() if home == package and name not in {*packages, "store.migrations"}]
        lines += [f"- `{name.rpartition('.')[2]}`: {_sentence(name)}" for name in inside]
    top = [name for name, home in of.items() if not home and name not in packages]
    return "\n".join([*(f"- `{name}`: {_sentence(name)}" for name in top), *lines])


def _sentence(name: str) -> str:
    return " ".join((ast.get_docstring(ast.parse(MODULES[name].read_text())) or "").split("\n\n")[0].split())


def test_the_page_is_made_of_the_source() -> None:
    """`docs/architecture.md` cannot rot; `python tests/test_architecture.py` writes its picture and its list again."""
    assert PAGE.read_text() == page(PAGE.read_text())


def page(text: str) -> str:
    """The page with the picture and the list as the source has them."""
    before = text[: text.index(BEGIN) + len(BEGIN)]
    return f"{before}\n\n{picture()}\n\n{listing()}\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
