namespace SynthSae.Dashboard.Actions;

/// <summary>What can be asked for runs from the dashboard.</summary>
internal enum RunAction
{
    /// <summary>Save, and end as paused; of queued ones: wait no more.</summary>
    Pause,

    /// <summary>Wait for a device again, and go on from the checkpoint.</summary>
    Resume,

    /// <summary>Save, and end as stopped; of queued ones: wait no more.</summary>
    Stop,

    /// <summary>Begin before others that wait.</summary>
    Sooner,

    /// <summary>Begin after others that wait.</summary>
    Later,

    /// <summary>Remove the folders with all that is in them.</summary>
    Remove,
}
