using System.Collections;

namespace SynthSae.Api;

/// <summary>A list that never changes and is equal to another with equal elements.</summary>
internal sealed class ValueList<T>(IEnumerable<T> values)
    : IReadOnlyList<T>, IEquatable<ValueList<T>>
{
    private readonly T[] _values = [.. values];

    public int Count => _values.Length;

    public T this[int index] => _values[index];

    public bool Equals(ValueList<T>? other) =>
        other is not null && _values.AsSpan().SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    public override int GetHashCode() =>
        _values.Aggregate(_values.Length, (hash, value) => HashCode.Combine(hash, value));

    public override string ToString() => $"[{string.Join(", ", _values)}]";

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
