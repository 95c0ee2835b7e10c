"""Tasks of one category: text, languages, networks, colours, notes."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    count,
    name,
    names,
    number,
    text,
    yes,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add("G1", "letters")
def most_frequent(ask: Ask, word: str) -> Reference:
    return name(ask("Letter Frequency", text=word)["letters"][0]["letter"])


most_frequent.case("Which letter occurs most often in the word 'bookkeeper'?", word="bookkeeper")


@FAMILIES.add("G1", "different-words")
def different_words(ask: Ask, sentence: str) -> Reference:
    return count(ask("Word Count", text=sentence)["different_words"])


different_words.case(
    "How many different words are in 'to be or not to be that is the question'?",
    sentence="to be or not to be that is the question",
)


@FAMILIES.add("G1", "palindrome")
def palindrome(ask: Ask, sentence: str) -> Reference:
    return yes(ask("Reverse Text", text=sentence)["palindrome"])


palindrome.case(
    "Leaving out spaces and punctuation, is 'Was it a car or a cat I saw' a palindrome? Yes or no.",
    sentence="Was it a car or a cat I saw",
)


@FAMILIES.add("G1", "code-point")
def code_point(ask: Ask, character: str) -> Reference:
    return text(ask("Find Character", name=character)["code_point"])


code_point.case(
    "What is the Unicode code point of the character named BLACK CHESS QUEEN? Write it as U+....",
    character="BLACK CHESS QUEEN",
)


@FAMILIES.add("G1", "character-name")
def character_name(ask: Ask, code: str) -> Reference:
    return name(ask("Code Point", code=code)["name"])


character_name.case(
    "Which character has the code point U+2646? Give its Unicode name.", code="2646"
)


@FAMILIES.add("G1", "hash")
def digest(ask: Ask, words: str) -> Reference:
    return text(ask("Hash Text", text=words, algorithm="md5")["digest"])


digest.case("What is the MD5 hash of the text 'toolgrove'?", words="toolgrove")


@FAMILIES.add("G1", "decode")
def decoded(ask: Ask, encoded: str) -> Reference:
    return text(ask("Decode Base64", encoded=encoded)["text"])


decoded.case(
    "Somebody sent me 'TWVldCBhdCBub29u' in Base64. What does it say?", encoded="TWVldCBhdCBub29u"
)


@FAMILIES.add("G1", "country-name")
def country_name(ask: Ask, country: str, language: str) -> Reference:
    return name(ask("Country Name", country=country, language=language)["name"])


country_name.case("What is Germany (DE) called in Finnish (fi)?", country="DE", language="fi")
country_name.case(
    "How do you write the name of Egypt (EG) in Turkish (tr)?", country="EG", language="tr"
)


@FAMILIES.add("G1", "official-languages")
def official(ask: Ask, country: str) -> Reference:
    found = ask("Official Languages", country=country)["languages"]
    return names(one["name"] for one in found)


official.case("What are the official languages of Belgium (BE)?", country="BE")


@FAMILIES.add("G1", "official-in-own-words")
def own_name(ask: Ask, country: str, language: str) -> Reference:
    code = ask("Official Languages", country=country)["languages"][0]["code"]
    return name(ask("Language Name", code=code, language=language)["name"])


own_name.case(
    "What is the official language of Brazil (BR) called in German (de)?",
    country="BR",
    language="de",
)


@FAMILIES.add("G1", "weekday-word")
def weekday_word(ask: Ask, language: str, index: int) -> Reference:
    return name(ask("Weekday Names", language=language)["weekdays"][index])


weekday_word.case("What is the Italian (it) word for Thursday?", language="it", index=3)


@FAMILIES.add("G1", "usable-hosts")
def usable_hosts(ask: Ask, cidr: str) -> Reference:
    return count(ask("Subnet Info", cidr=cidr)["usable_hosts"])


usable_hosts.case(
    "How many usable host addresses does the subnet 10.20.0.0/21 have?", cidr="10.20.0.0/21"
)


@FAMILIES.add("G1", "in-subnet")
def in_subnet(ask: Ask, address: str, cidr: str) -> Reference:
    return yes(ask("Address in Subnet", address=address, cidr=cidr)["contained"])


in_subnet.case(
    "Is 172.20.33.7 inside the subnet 172.20.32.0/23? Yes or no.",
    address="172.20.33.7",
    cidr="172.20.32.0/23",
)


@FAMILIES.add("G1", "split-then-hosts")
def split_hosts(ask: Ask, cidr: str, new_prefix: int, index: int) -> Reference:
    part = ask("Split Subnet", cidr=cidr, new_prefix=new_prefix)["subnets"][index]
    return text(ask("Subnet Info", cidr=part)["last"])


split_hosts.case(
    "Split 192.168.0.0/20 into /22 subnets. What is the last address of the third one?",
    cidr="192.168.0.0/20",
    new_prefix=22,
    index=2,
)


@FAMILIES.add("G1", "range-subnets")
def range_subnets(ask: Ask, first: str, last: str) -> Reference:
    return count(ask("Range to Subnets", first=first, last=last)["count"])


range_subnets.case(
    "How many subnets does it take to cover exactly the addresses 10.0.0.5 to 10.0.0.20?",
    first="10.0.0.5",
    last="10.0.0.20",
)


@FAMILIES.add("G1", "color-hex", tempting=["Color Code"])
def color_hex(ask: Ask, color: str) -> Reference:
    return text(ask("Name to Hex", name=color)["hex"])


color_hex.case("What is the hex code of the CSS color 'tomato'?", color="tomato")
color_hex.case("Give me the color code for 'mediumseagreen' as hex.", color="mediumseagreen")


@FAMILIES.add("G1", "color-name", tempting=["Color Code"])
def color_name(ask: Ask, code: str) -> Reference:
    return name(ask("Hex to Name", color=code)["name"])


color_name.case("Which CSS color name belongs to #ff7f50?", code="#ff7f50")


@FAMILIES.add("G1", "color-contrast", tempting=["Color Code"])
def contrast_of_names(ask: Ask, front: str, back: str) -> Reference:
    codes = [ask("Name to Hex", name=color)["hex"] for color in (front, back)]
    return number(ask("Contrast Ratio", foreground=codes[0], background=codes[1])["ratio"])


contrast_of_names.case(
    "What is the WCAG contrast ratio of the CSS colors navy on lightyellow?",
    front="navy",
    back="lightyellow",
)


@FAMILIES.add("G1", "lightness", tempting=["Hex to HSV"])
def lightness(ask: Ask, color: str) -> Reference:
    found = ask("Hex to HSL", color=color)
    return number(found["lightness"], "percent")


lightness.case("In the HSL model, how light is #336699, in percent?", color="#336699")


@FAMILIES.add(
    "G2",
    "mix-then-name",
    offer=["Invert Color", "Hex to Name", "Hex to HSL"],
    tempting=["Color Code"],
)
def mixed(ask: Ask, first: str, second: str) -> Reference:
    codes = [ask("Name to Hex", name=color)["hex"] for color in (first, second)]
    mix = ask("Mix Colors", first=codes[0], second=codes[1])["hex"]
    return name(ask("Closest Color", color=mix)["name"])


mixed.case(
    "Mix the CSS colors red and yellow half and half. Which CSS color name is closest to that?",
    first="red",
    second="yellow",
)
mixed.case(
    "Which named CSS color is nearest to an equal mix of teal and white?",
    first="teal",
    second="white",
)


@FAMILIES.add(
    "G2",
    "complement-contrast",
    offer=["Hex to HSL", "Mix Colors", "Closest Color"],
    tempting=["Color Code", "Invert Color"],
)
def complement_contrast(ask: Ask, color: str) -> Reference:
    code = ask("Name to Hex", name=color)["hex"]
    other = ask("Complementary Color", color=code)["hex"]
    return number(ask("Contrast Ratio", foreground=code, background=other)["ratio"])


complement_contrast.case(
    "What is the contrast ratio between the CSS color indigo and its complementary color?",
    color="indigo",
)
complement_contrast.case(
    "Take 'darkorange' from CSS and the color opposite to it on the color wheel. "
    "What WCAG contrast ratio do the two have?",
    color="darkorange",
)


@FAMILIES.add(
    "G2",
    "decode-and-count",
    offer=["Encode Base64", "Reverse Text", "Letter Frequency", "Hash Text"],
)
def decode_and_count(ask: Ask, encoded: str) -> Reference:
    plain = ask("Decode Base64", encoded=encoded)["text"]
    return count(ask("Word Count", text=plain)["words"])


decode_and_count.case(
    "How many words has the text that is 'dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcw==' in Base64?",
    encoded="dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcw==",
)


@FAMILIES.add(
    "G2",
    "slug-hash",
    offer=["Encode URL", "Normalize Text", "Reverse Text"],
)
def slug_hash(ask: Ask, title: str) -> Reference:
    slug = ask("Slugify", text=title)["slug"]
    return text(ask("Hash Text", text=slug, algorithm="sha1")["digest"])


slug_hash.case(
    "Slugify the title 'Über Café Noir' and give me the SHA-1 of the slug.", title="Über Café Noir"
)


@FAMILIES.add("G1", "event-weekday")
def event_weekday(ask: Ask, title: str, day: str, time: str) -> Reference:
    return name(ask("Add Event", title=title, date=day, time=time)["weekday"])


event_weekday.case(
    "Put 'Dentist' into my calendar for 2026-11-19 at 08:15 and tell me which weekday that is.",
    title="Dentist",
    day="2026-11-19",
    time="08:15",
)
event_weekday.case(
    "Add an event 'Board meeting' on 2027-02-03 at 14:00. What day of the week is it?",
    title="Board meeting",
    day="2027-02-03",
    time="14:00",
)


@FAMILIES.add("G1", "note-read-back")
def note_back(ask: Ask, title: str, words: str) -> Reference:
    number_ = ask("Add Note", title=title, text=words)["id"]
    return text(ask("Read Note", number=number_)["text"])


note_back.case(
    "Save a note titled 'Wifi' with the text 'fern-42-delta', then read that note back to me.",
    title="Wifi",
    words="fern-42-delta",
)


@FAMILIES.add("G2", "note-about-event", offer=["List Events", "Read Note", "Search Notes"])
def event_and_note(ask: Ask, title: str, day: str, words: str) -> Reference:
    event = ask("Add Event", title=title, date=day)
    ask("Add Note", title=title, text=words)
    return name(event["weekday"])


event_and_note.case(
    "Add the all-day event 'Move out' on 2026-09-30 to the calendar, and write a note with the "
    "title 'Move out' and the text 'return the keys'. Then tell me the weekday of the event.",
    title="Move out",
    day="2026-09-30",
    words="return the keys",
)


@FAMILIES.add("G1", "calendar-read-back")
def read_back(ask: Ask, titles: list[str], day: str) -> Reference:
    for title in titles:
        ask("Add Event", title=title, date=day)
    listed = ask("List Events", start=day, end=day)["events"]
    return names({event["title"] for event in listed})


read_back.case(
    "Put two all-day events on 2026-10-08 into my calendar, 'Inventory' and 'Team lunch'. Then "
    "list the titles of all events that the calendar shows for that day.",
    titles=["Inventory", "Team lunch"],
    day="2026-10-08",
)
