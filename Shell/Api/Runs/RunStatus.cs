namespace SynthSae;

/// <summary>Where a run stands.</summary>
public enum RunStatus
{
    /// <summary>Waits until it is begun, or begun again.</summary>
    Queued,

    /// <summary>A living process works on it.</summary>
    Running,

    /// <summary>Ended on request behind a checkpoint, and waits to be resumed.</summary>
    Paused,

    /// <summary>Ended by a signal or on request behind a checkpoint.</summary>
    Stopped,

    /// <summary>Its process died without a word.</summary>
    Interrupted,

    /// <summary>Came to its end.</summary>
    Finished,

    /// <summary>Ended by an error.</summary>
    Failed,
}
