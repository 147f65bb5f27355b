"""Who asks: people of the demo organisation. Apart, because `bench.inside` sets Django up when it is imported."""

READER = "demo-integrator"
LEAD = "demo-lead"
