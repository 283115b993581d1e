namespace SynthSae.Slurm;

/// <summary>Runs the commands of another program; tests put a fake in its place.</summary>
internal interface ICommands
{
    /// <summary>A variable of the environment that the commands see; null if not set.</summary>
    string? Variable(string name);

    /// <summary>Run a command to its end.</summary>
    /// <exception cref="Core.Failure">There is no such program on the PATH, or it has not ended in
    ///   time.</exception>
    CommandOutcome Run(string program, IReadOnlyList<string> arguments);
}
