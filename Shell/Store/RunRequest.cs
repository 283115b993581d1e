namespace SynthSae.Store;

/// <summary>What can be asked of a run.</summary>
internal enum RunRequest
{
    /// <summary>Save, and end as stopped.</summary>
    Stop,

    /// <summary>Save, and end as paused.</summary>
    Pause,

    /// <summary>Write a checkpoint now, and go on.</summary>
    Checkpoint,
}
