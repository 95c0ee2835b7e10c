"""A small REST-like catalogue of three domains, with requests that need chains of calls and not.

Written for this project, before the rules of chains were tried on it. A line is a tool: its name
and its required parameters, then what it does. Nothing says what the answers look like.
"""

from __future__ import annotations

from collections.abc import Iterator

from toolgrove.data.records import ToolSpec

_TOOLS = {
    ("Books", "City Library"): """
GET /search/authors (query) | Search for authors by their name.
GET /search/books (query) | Search for books by title.
GET /search/publishers (query) | Search for publishing houses by name.
GET /authors/{author_id} (author_id) | Biography, birthday and homepage.
GET /authors/{author_id}/books (author_id) | All works written, with year and role.
GET /authors/{author_id}/portraits (author_id) | Photographs and drawings.
GET /authors/popular () | The most read authors of this week.
GET /books/{book_id} (book_id) | Pages, language, summary and rating.
GET /books/{book_id}/reviews (book_id) | What readers wrote about it.
GET /books/{book_id}/similar (book_id) | Recommendations for readers who liked it.
GET /books/{book_id}/editions (book_id) | Hardcover, paperback and translations, with ISBN.
GET /books/{book_id}/contributors (book_id) | Translators, illustrators and narrators.
GET /books/bestsellers () | The list of bestsellers of the month.
GET /books/upcoming () | New releases of the coming weeks.
GET /publishers/{publisher_id} (publisher_id) | Headquarters, founding year and imprints.
GET /publishers/{publisher_id}/catalogue (publisher_id) | Everything that was brought out.
GET /genres () | The names of all genres.
GET /branches/opening_hours () | When each branch is open.
POST /books/{book_id}/reservations (book_id) | Reserve a copy.
""",
    ("Audio", "Podwave"): """
search (q,type) | Find shows, episodes and hosts that match a keyword.
get_show_episodes (show_id) | Episodes with duration and release date, newest first.
get_show_statistics (show_id) | Number of subscribers and downloads.
get_episode_transcript (episode_id) | The full text of what was said.
get_episode_chapters (episode_id) | Time marks and titles of the sections.
get_host_profile (host_id) | Career and awards.
get_my_playlists () | Lists that the current user has made or follows.
get_playlist_items (playlist_id) | What is in it, in order.
add_items_to_playlist (playlist_id,uris) | Append at the end.
create_playlist (title) | Make an empty one.
get_available_devices () | Speakers and phones that are online.
transfer_playback (device_id) | Go on playing on another one.
get_charts () | What the country listens to.
""",
    ("Work", "Taskboard"): """
listProjects () | Every project of the workspace with its key and lead.
findUsers (name) | People of the workspace by name or e-mail.
getProjectMilestones (projectKey) | Planned dates and progress.
getProjectBudget (projectKey) | Money spent and left.
searchIssues (text) | Tickets whose title or body has these words.
getIssueComments (issueId) | The discussion below it.
getIssueHistory (issueId) | Who changed what and when.
assignIssue (issueId,userId) | Make somebody responsible.
getUserWorkload (userId) | Open hours of this and next week.
getUserAbsences (userId) | Holidays and sick days.
listSprints () | Sprints of the workspace.
getSprintBurndown (sprintId) | Remaining points by day.
getStatusOfService () | Whether the service is up.
""",
}

CHAINS = """
Which works did Ursula K. Le Guin write? | GET /search/authors; GET /authors/{author_id}/books
Where was Toni Morrison born? Show me her biography. | GET /search/authors; GET /authors/{author_id}
Show me photographs of Franz Kafka. | GET /search/authors; GET /authors/{author_id}/portraits
What do readers say about Dune? Get me the reviews. | GET /search/books; GET /books/{book_id}/reviews
I liked The Left Hand of Darkness, recommend something similar. | GET /search/books; GET /books/{book_id}/similar
Who translated Snow Country? | GET /search/books; GET /books/{book_id}/contributors
Is there a paperback of Middlemarch? | GET /search/books; GET /books/{book_id}/editions
Everything that Faber has brought out | GET /search/publishers; GET /publishers/{publisher_id}/catalogue
Where are the headquarters of Gallimard? | GET /search/publishers; GET /publishers/{publisher_id}
When was the newest episode of Hardcore History released? | search; get_show_episodes
How many subscribers and downloads does Serial have? | search; get_show_statistics
Give me the transcript of the one where they interview Jane Goodall. | search; get_episode_transcript
What are the time marks and titles of the sections in "The Alibi"? | search; get_episode_chapters
Which awards did Ira Glass get in his career? | search; get_host_profile
What is in my list for running, in order? | get_my_playlists; get_playlist_items
Go on playing in the kitchen. | get_available_devices; transfer_playback
How much money is left for the website relaunch? | listProjects; getProjectBudget
Which planned dates has Apollo, and what is the progress? | listProjects; getProjectMilestones
Read me the discussion about the broken login button. | searchIssues; getIssueComments
Who changed what in the ticket on dark mode? | searchIssues; getIssueHistory
Is Maria on holidays or sick? | findUsers; getUserAbsences
How many open hours has Tom this week? | findUsers; getUserWorkload
How many remaining points by day has the current one? Show the burndown. | listSprints; getSprintBurndown
"""  # noqa: E501

PLAIN = """
Who are the most read authors this week? | GET /authors/popular
Show the bestsellers of this month. | GET /books/bestsellers
Which new releases come in the next weeks? | GET /books/upcoming
When does the branch open? | GET /branches/opening_hours
List all genres. | GET /genres
Reviews of the book with the id 48213 | GET /books/{book_id}/reviews
Make an empty playlist called Monday. | create_playlist
What does the country listen to? | get_charts
Is the service up? | getStatusOfService
Tickets that have the words "out of memory" | searchIssues
History of issue QX-88213b | getIssueHistory
"""


def specs() -> list[ToolSpec]:
    """The tools, with ids that are their names."""
    return [_spec(line, *of) for of, text in _TOOLS.items() for line in text.strip().splitlines()]


def requests(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each request with the names of the tools that it needs."""
    for line in text.strip().splitlines():
        query, _, needed = line.partition(" | ")
        yield query, frozenset(needed.split("; "))


def _spec(line: str, category: str, tool: str) -> ToolSpec:
    head, _, description = line.partition(" | ")
    name, _, listed = head.rpartition(" (")
    names = [one for one in listed.rstrip(")").split(",") if one]
    properties = {one: {"type": "string"} for one in names}
    schema = {"type": "object", "properties": properties, "required": names}
    return ToolSpec(name, category, tool, name, description, schema)
