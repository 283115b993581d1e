namespace SynthSae.Hosting;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>A check found what is not as it should be.</summary>
    public const int Failed = 1;

    /// <summary>
    /// Input from outside breaks a rule: a flag, a specification, a file, a folder.
    /// </summary>
    public const int BadInput = 2;

    /// <summary>A bug in the program (EX_SOFTWARE of sysexits).</summary>
    public const int Bug = 70;

    /// <summary>
    /// What is needed is in use by another process, for now (EX_TEMPFAIL of sysexits).
    /// </summary>
    public const int Busy = 75;

    /// <summary>Ended by Ctrl-C (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM (128 + SIGTERM).</summary>
    public const int Terminated = 143;
}
