"""All tools, in the order in which clients list them."""

from __future__ import annotations

from assistants.tool import Tool
from assistants.tools import catalog, jobs, results, submitting

TOOLS: dict[str, Tool] = {
    tool.name: tool for tool in (*jobs.TOOLS, *results.TOOLS, *catalog.TOOLS, *submitting.TOOLS)
}
