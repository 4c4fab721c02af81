import { TextInput, type TextInputProps } from '@mantine/core';
import { Money } from '@pocketpay/client';
import { useViewer } from '../lib/hooks';

interface Props extends Omit<TextInputProps, 'value' | 'onChange'> {
  value: string;
  onChange: (text: string) => void;
}

/** Reads an amount in the wallet's currency as people of this locale write it; null when it is not an amount. */
export function useTypedMoney(): (text: string) => Money | null {
  const { balance } = useViewer().wallet;
  return (text) => Money.typed(text, balance);
}

export const NOT_AN_AMOUNT = 'That is not an amount. Write it like 12.50.';

export function MoneyInput({ value, onChange, ...props }: Props) {
  const { wallet } = useViewer();
  return (
    <TextInput
      {...props}
      inputMode="decimal"
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      rightSection={<span aria-hidden>{wallet.currency}</span>}
      rightSectionWidth={56}
    />
  );
}
