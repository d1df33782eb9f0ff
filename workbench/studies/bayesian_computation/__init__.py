"""Computing posteriors: what makes a sampler fast, and what must not change when it becomes so."""
