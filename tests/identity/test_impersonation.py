"""Names that look like the service's own are refused; names of people are accepted."""

import random
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity.changes import TypedChanges
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.impersonation import PROBLEM, resembles_service
from pocketpay.identity.names import display_name
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.update_profile import update_profile
from pocketpay.identity.usernames import chosen
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.text import skeleton
from tests.people import HOME, PASSWORD, Owner, arrive, facts, made

USERNAMES = [
    *("pocketpay_support", "admin1", "official_pocketpay", "p0cketpay", "pocketpay_help", "pocketpay2024"),
    *("mypocketpay", "pocketpay_london", "po_cket_pay", "pocket1pay", "poocketpay", "pocketpaay", "4dm1n", "adm1n"),
    *("adrnin", "admln", "the_admin", "admin_support_24_7", "support1", "5upport", "help_desk", "helpdesk24"),
    *("security_team", "card_team", "wallet_support", "customer_care", "pocket_support", "pay_help", "staff_7"),
    *("0ff1c1al", "fraud_alert", "moderator_uk", "real_support", "moderatornet"),
]

NAMES = [
    *("PocketPay", "Pocket Pay", "P o c k e t P a y", "pocket.pay.help", "Pocket-Pay!", "Pocket Pay London"),
    *("Support", "Support Team", "Support!", "Support ✓", "S.u.p.p.o.r.t", "support 🇬🇧", "Official", "ADMIN 1"),
    *("Customer Care", "Pocket Support", "Help Desk", "Security 🔒", "Card Team", "Fraud Department"),
    # Cyrillic, Greek, Armenian, Cherokee and Lisu letters that look like Latin ones
    *("Pосkеt Pаy", "Ρocket Ρay", "аdmіn", "ΑDΜΙΝ", "ѕuрρоrt", "ՏUPPORT", "ᎪDMIN", "ꓮꓓꓟꓲꓠ", "ҺеӀр", "ϹARD TEAM"),
    # Latin letters in other forms, signs, invisible marks
    *("ｐｏｃｋｅｔｐａｙ", "𝓟ocket 𝓟ay", "ⓐⓓⓜⓘⓝ", "ᴀᴅᴍɪɴ", "🅿ocketPay", "🅿️🅾️cket pay", "🇦🇩🇲🇮🇳", "$upport", "@dmin"),
    *("ÀDMÍN", "Ȿupport", "s̶u̶p̶p̶o̶r̶t̶", "p\u200cocketpay", "Pocket\u200dPay", "٠fficial", "support\ufe0f", "Supp0rt"),
    "My Pocket Payhelp",
]

HONEST_USERNAMES = [
    *("ada", "adminah", "admir", "admin_bob", "adminton", "pocketta", "pocket_rocket", "rocketpay", "helga"),
    *("helper", "helpful_hank", "supporter", "staffan", "stafford_99", "security_sam", "securitas", "teamer"),
    *("team_rocket", "team7", "user42", "test1", "mod_max", "modest", "cardi_b", "banksy", "carey", "payne"),
    *("paynter", "official_ada", "officially", "joan_support", "wallet_william", "the_rock", "real_madrid"),
    *("trusty", "1337", "000", "__x__", "root_beer", "systema", "operatic", "fraudulent_fred", "account_ant"),
    *("pay", "pocket", "bank_of_dave"),
]

HONEST_NAMES = [
    *("Ada Lovelace", "Adminah Okoye", "Pocketta Smith", "Pocket Payne", "Joan Support", "Robert Service"),
    *("Admin Hodžić", "Bill Ing", "Staffan Olsson", "Anna Bank", "Trust", "Will Care", "Head Hunter", "Max Power"),
    *("O'Brien-Smith 3rd", "李小龍", "محمد", "Иван Петров", "Антон Суппорт", "Γιώργος Παπαδόπουλος", "Արմեն", "דוד"),
    *("می‌خواهم", "José", "🙂", "42"),
]


@pytest.mark.parametrize("typed", USERNAMES)
def test_a_username_that_looks_like_the_service_is_refused_with_a_reason(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        chosen(typed)
    assert refused.value.field == "username"
    assert refused.value.problem in (PROBLEM, "is reserved")


@pytest.mark.parametrize("typed", [*NAMES, *USERNAMES])
def test_a_display_name_that_looks_like_the_service_is_refused_with_a_reason(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        display_name(typed)
    assert (refused.value.field, refused.value.problem) == ("name", PROBLEM)


@pytest.mark.parametrize("typed", HONEST_USERNAMES)
def test_an_honest_username_is_accepted(typed: str) -> None:
    assert not resembles_service(typed)


@pytest.mark.parametrize("typed", HONEST_NAMES)
def test_an_honest_display_name_is_accepted(typed: str) -> None:
    assert display_name(typed) == typed


def test_each_look_alike_stands_for_exactly_one_letter() -> None:
    looks = [look for looks in skeleton._LOOKS.values() for look in looks]
    assert len(looks) == len(set(looks))
    assert set(skeleton._LOOKS) == set(ascii_lowercase)
    assert not any(look.isascii() for look in looks)


SPOKEN = ["pocketpay", "admin", "support", "securityteam", "officialpocketpay", "cardteam", "helpdesk"]


@given(st.sampled_from(SPOKEN), st.randoms(use_true_random=False))
def test_look_alike_letters_do_not_hide_a_name_of_the_service(word: str, chance: random.Random) -> None:
    def disguised(letter: str) -> str:
        digits = [str(value) for value, read in enumerate(skeleton._DIGITS) if read == letter]
        wide = chr(ord(letter) + 0xFEE0)
        worn: str = chance.choice(
            [letter, letter.upper(), wide, f"{letter}\u0301", *skeleton._LOOKS[letter], *digits]
        )
        return worn + chance.choice(["", "", "", "\u200b", "_", ".", " ", "\u2063", "-"])

    assert resembles_service("".join(map(disguised, word)))


@given(st.sampled_from(SPOKEN), st.text("0123456789_. -!", max_size=8), st.text("0123456789_. -!", max_size=8))
def test_a_service_name_with_digits_or_separators_around_it_is_refused(word: str, before: str, after: str) -> None:
    assert resembles_service(before + word + after)


@given(st.sampled_from(SPOKEN[1:]), st.from_regex("[A-Z]{2,9}", fullmatch=True).filter(lambda own: "Z" in own))
def test_a_name_with_a_word_of_a_person_is_accepted_unless_it_contains_pocketpay(word: str, own: str) -> None:
    assert resembles_service(f"{own} {word}") == ("pocketpay" in word)


@given(st.text(max_size=100))
def test_any_text_can_be_validated_as_a_name(text: str) -> None:
    assert resembles_service(text) in (True, False)


async def test_sign_up_reports_a_refused_username_and_a_refused_name_together(services: IdentityServices) -> None:
    form = Form("pocketpay_support", "Pосket Pay", PASSWORD)
    answer = await sign_up(services, made(), form, address=HOME, user_agent=None)
    refused = [(one.code, one.field, getattr(one, "problem", "")) for one in answer.refusals]
    assert refused == [("INVALID_INPUT", "username", PROBLEM), ("INVALID_INPUT", "name", PROBLEM)]


async def test_a_profile_cannot_take_a_name_of_the_service(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    answer = await update_profile(services, ada.viewer, TypedChanges(raw_name="Support Team"), address=HOME)
    assert [(one.code, one.field) for one in answer.refusals] == [("INVALID_INPUT", "name")]
    assert await facts(owner, "select name from users") == ("Ada",)


@pytest.mark.parametrize("name", ["Support Team", "\u3164", "Ada\u2028x"])
async def test_a_user_with_a_name_now_refused_keeps_it_and_can_change_other_fields(
    services: IdentityServices, owner: Owner, name: str
) -> None:
    ada = await arrive(services)
    await owner.execute("update users set username = 'admin1', name = $1", name)
    assert (await sign_in(services, "admin1", PASSWORD, address=HOME, user_agent=None)).user.name == name
    for typed in (
        TypedChanges(raw_avatar_url="https://pictures.example.com/1.png"),
        TypedChanges(raw_name=name, raw_avatar_url="https://pictures.example.com/2.png"),
        TypedChanges(raw_name=f" {name} ", raw_phone="+12025550123", current_password=PASSWORD),
    ):
        assert (await update_profile(services, ada.viewer, typed, address=HOME)).refusals == ()
    assert await facts(owner, "select name, avatar_url, phone from users") == (
        name,
        "https://pictures.example.com/2.png",
        "+12025550123",
    )
    other = await update_profile(services, ada.viewer, TypedChanges(raw_name=f"{name} 2"), address=HOME)
    assert bool(other.refusals) == (name != "\u3164")
