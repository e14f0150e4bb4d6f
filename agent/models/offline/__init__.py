"""The offline model, which needs no API key: a chat model, and its rule-based programmer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(__name__, "fieldcraft.agent.models.offline.chat_model", names="OfflineChatModel")
