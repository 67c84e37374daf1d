"""What a new deployment starts from: questions, the files made of the answers, and their templates."""

from __future__ import annotations

from gateway.cli.starter.answers import QUESTIONS, Answers, Question, check_together, checked
from gateway.cli.starter.house import Starter, plan

__all__ = ["QUESTIONS", "Answers", "Question", "Starter", "check_together", "checked", "plan"]
