import '@ui/tokens.css';
