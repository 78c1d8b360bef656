"""Host tools: `provision` puts enroll on boards, `sandbox` stands in for the services that boards register with."""
