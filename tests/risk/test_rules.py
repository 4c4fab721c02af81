"""The register of risk rules: every rule in it has all its parts, so that no rule is added incompletely."""

import importlib
import pkgutil
from collections.abc import Iterator
from string import Formatter

import pytest
from asyncpg import CheckViolationError
from graphql import GraphQLEnumType, GraphQLSchema, build_schema

from pocketpay import risk
from pocketpay.api.risk_reason import RiskReason
from pocketpay.api.schema import sdl
from pocketpay.risk import rules
from pocketpay.risk.rule import Reason, Rule, RuleAction
from pocketpay.risk.rules import RULES, RiskSettings
from pocketpay.settings import Settings
from tests.people import Owner
from tests.risk.payments import CODES, policy

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def _rule_classes() -> Iterator[tuple[str, str]]:
    """The module and the class name of each rule under pocketpay/risk."""
    for found in pkgutil.iter_modules(risk.__path__, "pocketpay.risk."):
        for name, one in vars(importlib.import_module(found.name)).items():
            if isinstance(one, type) and issubclass(one, Rule) and one.__module__ == found.name and one is not Rule:
                yield found.name, name


def test_every_rule_class_is_in_the_register() -> None:
    assert sorted(_rule_classes()) == sorted((rule.__module__, rule.__name__) for rule in RULES)


def test_every_rule_has_a_unique_name() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@every_rule
def test_the_settings_of_a_rule_belong_to_no_other_rule(rule: type[Rule[RiskSettings]]) -> None:
    own = rule.settings.model_fields
    assert issubclass(RiskSettings, rule.settings)
    assert not any(own.keys() & other.settings.model_fields.keys() for other in RULES if other is not rule)


@every_rule
def test_exactly_one_setting_of_a_rule_is_its_action(rule: type[Rule[RiskSettings]]) -> None:
    (action,) = [name for name, field in rule.settings.model_fields.items() if field.annotation is RuleAction]
    assert action.endswith("_action")
    for text in RuleAction:
        assert policy(**{action: text}).rule(rule).action is text


def test_every_risk_setting_belongs_to_a_rule() -> None:
    assert rules.SETTINGS.keys() == RiskSettings.model_fields.keys()


@every_rule
@pytest.mark.parametrize("currency", CODES)
def test_the_message_of_a_rule_uses_exactly_its_thresholds(rule: type[Rule[RiskSettings]], currency: str) -> None:
    thresholds = policy().rule(rule).thresholds(currency)
    assert {name for _, name, _, _ in Formatter().parse(rule.words) if name} == thresholds.keys()
    text = rule.words.format_map(Reason(rule.name, thresholds).facts)
    assert text.endswith(".")
    assert rule.description.endswith(".")


def test_at_most_one_rule_counts_recent_payments() -> None:
    """The look-up has only one count, over one window."""
    assert len([rule for rule in policy().rules if rule.recent is not None]) <= 1


# ---------------------------------------------------------------- the schema, messages, settings and table


@pytest.fixture(scope="module")
def graph() -> GraphQLSchema:
    return build_schema(sdl())


def _described(graph: GraphQLSchema, name: str) -> dict[str, str | None]:
    enum = graph.type_map[name]
    assert isinstance(enum, GraphQLEnumType)
    return {name: value.description for name, value in enum.values.items()}


def test_the_schema_has_exactly_the_registered_rules(graph: GraphQLSchema) -> None:
    assert _described(graph, "RiskRule") == {rule.name.upper(): rule.description for rule in RULES}


def test_the_schema_has_exactly_the_registered_settings(graph: GraphQLSchema) -> None:
    described = _described(graph, "RiskSettingName")
    assert described.keys() == {name.upper() for rule in RULES for name in rule.settings.model_fields}
    assert all(text and text.endswith(".") for text in described.values())


@every_rule
def test_the_reason_of_a_rule_has_a_message(rule: type[Rule[RiskSettings]]) -> None:
    thresholds = policy().rule(rule).thresholds("USD")
    (reason,) = RiskReason.of([Reason(rule.name, thresholds)])
    assert (reason.rule, reason.message) == (rule.name, rule.words.format_map(thresholds))


def test_the_server_settings_include_every_risk_setting() -> None:
    assert rules.SETTINGS.keys() <= Settings.model_fields.keys()


async def test_the_table_accepts_exactly_the_registered_settings(owner: Owner) -> None:
    insert = "insert into risk_settings values ($1, 'x', clock_timestamp())"
    for name in rules.SETTINGS:
        await owner.execute(insert, name)
    with pytest.raises(CheckViolationError):
        await owner.execute(insert, "secret_key")
