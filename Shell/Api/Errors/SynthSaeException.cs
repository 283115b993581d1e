namespace SynthSae;

/// <summary>
/// Input from outside breaks a rule: a file, a folder, a specification, a size, a device that is
/// not there. The message says where and which rule. It is the base of all exceptions that this
/// library throws on purpose, apart from those of wrong calls (<see cref="ArgumentException"/>,
/// <see cref="InvalidOperationException"/>, <see cref="ObjectDisposedException"/>) and of
/// cancellation; any other is a bug of the library.
/// </summary>
public class SynthSaeException : Exception
{
    /// <summary>An exception that says where and what.</summary>
    /// <param name="place">The file, folder, field or setting that the problem is with.</param>
    /// <param name="problem">The broken rule in words.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    public SynthSaeException(string place, string problem, Exception? inner = null)
        : base($"{place}: {problem}", inner) =>
        (Place, Problem) = (place, problem);

    /// <summary>The file, folder, field or setting that the problem is with.</summary>
    public string Place { get; }

    /// <summary>The broken rule in words.</summary>
    public string Problem { get; }
}
