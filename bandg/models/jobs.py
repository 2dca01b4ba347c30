"""The jobs of all models."""

from __future__ import annotations

from bandg.models.etb.job import Job
from bandg.models.kp.job import KpJob

AnyJob = Job | KpJob
