namespace SynthSae.Store;

/// <summary>Something that happened at a step of a run.</summary>
/// <param name="Event">The event's name: evaluation, checkpoint, resampled, resumed, note.</param>
/// <param name="Step">Steps that had been taken.</param>
/// <param name="Samples">Samples that had been seen.</param>
/// <param name="Time">When (UTC).</param>
/// <param name="Sae">The SAE that it concerns, from 0; -1 for all.</param>
/// <param name="Text">In words.</param>
internal sealed record RunMarker(
    string Event, long Step, long Samples, DateTime Time, int Sae, string Text);

/// <summary>A line of a run's log for people; steps have none.</summary>
/// <param name="Time">When (UTC).</param>
/// <param name="Event">The event's name.</param>
/// <param name="Text">In words.</param>
internal sealed record RunLine(DateTime Time, string Event, string Text);

/// <summary>A phase of a run.</summary>
/// <param name="Phase">world, activations, training or evaluation.</param>
/// <param name="Began">When (UTC).</param>
internal sealed record RunPhaseStart(string Phase, DateTime Began);
