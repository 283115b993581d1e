using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>
/// A screen, or something above one. An immutable value: keys and messages make another.
/// </summary>
internal abstract record Layer
{
    /// <summary>As it is headed, and as its keys are in the documentation.</summary>
    public abstract string Title { get; }

    /// <summary>
    /// What its keys do now. Always the same keys: one that cannot be used says why.
    /// </summary>
    public abstract IReadOnlyList<Binding> Keys(Context context);

    /// <summary>Take a message; of keys only those that nobody has bound.</summary>
    public virtual Step Update(Msg message, Context context) => this;

    /// <summary>Draw it.</summary>
    public abstract void View(Frame frame, Rect area, Context context);

    /// <summary>Characters are text here: only other keys are looked up.</summary>
    public virtual bool TakesText => false;

    /// <summary>This layer, and something to be done.</summary>
    public Step With(params Effect[] effects) => new(this, effects);
}

/// <summary>A layer that takes the whole body and stays when another is looked at.</summary>
internal abstract record Screen : Layer
{
    /// <summary>Which.</summary>
    public abstract ScreenId Id { get; }

    /// <summary>Runs whose histories and specifications it shows now.</summary>
    public virtual IEnumerable<string> Follows(Context context) => [];
}
